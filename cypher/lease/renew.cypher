// One that has run out as well: the token says that nobody has taken it, and so that nobody has written since. One that was
// released is over.
MATCH (lease:WriteLease {dataset: $dataset})
SET lease.locked = true
WITH lease, datetime.realtime() AS now
WHERE lease.token = $token AND lease.expires IS NOT NULL
SET lease.heartbeat = now, lease.expires = now + duration({seconds: $seconds})
RETURN lease.token AS token
