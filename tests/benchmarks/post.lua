-- wrk: send the file named by BODY again and again, and say what came of it as one line of JSON on standard error.
local file = io.open(os.getenv("BODY"), "rb")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = file:read("*a")
file:close()

done = function(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"calls": %d, "microseconds": %d, "median": %d, "p95": %d, "p99": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
