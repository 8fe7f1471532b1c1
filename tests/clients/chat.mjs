// OpenAI's node client: a whole answer, a stream, a tool call, and an error of its own kind.
import assert from "node:assert/strict";
import OpenAI from "openai";

const { BASE_URL: baseURL, API_KEY: apiKey, MODEL: model } = process.env;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello" }];

const whole = await client.chat.completions.create({ model, messages });
assert.match(whole.choices[0].message.content, /demo upstream/);
assert.ok(whole.usage.completion_tokens > 0);

const options = { include_usage: true };
const stream = await client.chat.completions.create({
  model, messages, stream: true, stream_options: options,
});
let text = "";
let usage;
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.equal(text, whole.choices[0].message.content);
assert.equal(usage.completion_tokens, whole.usage.completion_tokens);

const response = await client.responses.create({ model, input: "Hello" });
assert.match(response.output_text, /demo upstream/);

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const called = await client.chat.completions.create({
  model,
  messages: [{ role: "user", content: "The weather in Paris?" }],
  tools: [{ type: "function", function: { name: "get_weather", parameters } }],
});
assert.deepEqual(JSON.parse(called.choices[0].message.tool_calls[0].function.arguments), { city: "Paris" });

await assert.rejects(
  client.chat.completions.create({ model: "nobody", messages }),
  (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
);
console.log("answered");
