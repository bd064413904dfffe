// Who writes a data set now; no record where nobody does, or whoever did gives no sign any more. An end that is further away than
// a lease lasts is of a clock that was set back since: who is alive brings it near with the next sign.
MATCH (lease:WriteLease {dataset: $dataset})
WITH lease, datetime.realtime() AS now
WHERE now < lease.expires <= now + duration({seconds: $longest})
RETURN lease.token AS token, lease.command AS command, lease.process AS process, lease.host AS host,
       coalesce(lease.machine, '') AS machine,
       toString(datetime.truncate('second', lease.since)) AS since,
       duration.inSeconds(now, lease.expires).seconds AS secondsLeft
