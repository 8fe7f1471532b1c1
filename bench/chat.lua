-- wrk script: one chat completion per request. KEY and MODEL come from the environment.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY")
wrk.body = '{"model":"' .. os.getenv("MODEL") .. '","max_tokens":400,"stream":' .. (os.getenv("STREAM") or "false")
  .. ',"messages":[{"role":"system","content":"You are a helpful assistant."},'
  .. '{"role":"user","content":"Explain what an API gateway does. [[demo: tokens=' .. (os.getenv("TOKENS") or "200") .. ']]"}]}'
