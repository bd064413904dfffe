// Ends a change of the schema that waits for a transaction of somebody else's: who comes after it waits as well, and the server does
// not count such waiting as time.
SHOW TRANSACTIONS YIELD transactionId AS id, metaData, status AS blocked
WHERE metaData.change = $change AND blocked STARTS WITH 'Blocked'
TERMINATE TRANSACTIONS id YIELD message
RETURN blocked
