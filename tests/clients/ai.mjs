// Vercel's `ai` with its provider for OpenAI-compatible services: whole, streamed, and with a tool
// that it runs itself.
import assert from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";

const { BASE_URL: baseURL, API_KEY: apiKey, MODEL } = process.env;
const provider = createOpenAICompatible({ name: "tollgate", baseURL, apiKey, includeUsage: true });
const model = provider(MODEL);

const whole = await generateText({ model, prompt: "Hello" });
assert.match(whole.text, /demo upstream/);
assert.ok(whole.usage.outputTokens > 0);

const stream = streamText({ model, prompt: "Hello" });
let text = "";
for await (const piece of stream.textStream) text += piece;
assert.equal(text, whole.text);
assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);

const get_weather = tool({
  description: "The forecast of a place",
  inputSchema: jsonSchema({
    type: "object", properties: { city: { type: "string" } }, required: ["city"],
  }),
  execute: async ({ city }) => `sunny in ${city}`,
});
const told = await generateText({
  model, prompt: "The weather in Paris?", tools: { get_weather }, stopWhen: stepCountIs(3),
});
assert.match(told.text, /sunny in Paris/);
console.log("answered");
