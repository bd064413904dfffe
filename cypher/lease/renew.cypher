// A lease that has expired is not renewed, even if nobody took it: its holder was away, and does not know for how long.
MATCH (lease:WriteLease {dataset: $dataset})
SET lease.locked = true
WITH lease, datetime.realtime() AS now
WHERE lease.token = $token AND lease.expires > now
SET lease.heartbeat = now, lease.expires = now + duration({seconds: $seconds})
RETURN lease.token AS token
