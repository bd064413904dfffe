// The lock comes before anything is read: of two that take the lease at once, one waits here and then finds it taken. A lease
// that has not expired is taken only from the holder that is known to be dead.
MERGE (lease:WriteLease {dataset: $dataset})
SET lease.locked = true
WITH lease, datetime.realtime() AS now
WHERE lease.expires IS NULL OR lease.expires <= now OR lease.token = $dead
SET lease.token = coalesce(lease.token, 0) + 1, lease.command = $command, lease.process = $process, lease.host = $host,
    lease.machine = $machine, lease.since = now, lease.heartbeat = now, lease.expires = now + duration({seconds: $seconds})
RETURN lease.token AS token
