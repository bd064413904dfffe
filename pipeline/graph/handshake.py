"""Whether a database can be used: asked by the first thing that a driver does, a handshake, and a query that reads nothing."""

import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from pipeline.errors import EmbeddedServerError
from pipeline.graph.connection import Connection


def complaint_of(connection: Connection) -> str:
    """What keeps us from using the database, which a little patience may cure; empty where nothing does.

    Raises
    ------
    EmbeddedServerError
        The server refuses the password.
    """
    try:
        with (
            neo4j.GraphDatabase.driver(connection.uri, auth=(connection.user, connection.password)) as driver,
            driver.session(database=connection.database) as session,
        ):
            session.run("RETURN 1").consume()
    except AuthError as error:
        raise EmbeddedServerError(
            f"Neo4j at {connection.uri} refuses the password that was kept for it: {error.message}",
            hint="Put back the password file that belongs to this database.",
        ) from error
    except (DriverError, Neo4jError) as error:
        return str(error)
    return ""
