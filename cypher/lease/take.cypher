// The lock comes before anything is read: of two that take the lease at once, one waits here and then finds it taken. A lease
// that has not expired is taken only from the holder that is known to be dead, or where the clock was set back. Where there is
// none the clock gives the token: that of a lease that was removed does not come again.
MERGE (lease:WriteLease {dataset: $dataset})
SET lease.locked = true
WITH lease, datetime.realtime() AS now
WHERE lease.expires IS NULL OR lease.expires <= now OR lease.expires > now + duration({seconds: $longest}) OR lease.token = $dead
SET lease.token = coalesce(lease.token, now.epochMillis) + 1, lease.command = $command, lease.process = $process, lease.host = $host,
    lease.machine = $machine, lease.since = now, lease.heartbeat = now, lease.expires = now + duration({seconds: $seconds})
RETURN lease.token AS token
