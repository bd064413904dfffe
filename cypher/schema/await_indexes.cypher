// Returns once every index is online, or fails after so many seconds.
CALL db.awaitIndexes($seconds)
