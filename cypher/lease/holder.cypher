// Who writes a data set now; no record where nobody does, or whoever did gives no sign any more.
MATCH (lease:WriteLease {dataset: $dataset})
WITH lease, datetime.realtime() AS now
WHERE lease.expires > now
RETURN lease.token AS token, lease.command AS command, lease.process AS process, lease.host AS host,
       coalesce(lease.machine, '') AS machine,
       toString(datetime.truncate('second', lease.since)) AS since,
       duration.inSeconds(now, lease.expires).seconds AS secondsLeft
