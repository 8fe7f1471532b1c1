"""Code that calls a site with the reader's base URL, as curl and the official SDKs would."""

from django.http import HttpRequest

KEY_PLACEHOLDER = "sk-..."
MODEL_PLACEHOLDER = "MODEL"

CURL = """\
curl {base_url}/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'"""

PYTHON = """\
from openai import OpenAI

client = OpenAI(base_url="{base_url}", api_key="{key}")
answer = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.choices[0].message.content)"""

NODE = """\
import OpenAI from "openai";

const client = new OpenAI({{ baseURL: "{base_url}", apiKey: "{key}" }});
const answer = await client.chat.completions.create({{
  model: "{model}",
  messages: [{{ role: "user", content: "Hello" }}],
}});
console.log(answer.choices[0].message.content);"""

DOTENV = """\
OPENAI_BASE_URL={base_url}
OPENAI_API_KEY={key}"""


def base_url_of(request: HttpRequest) -> str:
    """Where programs call this site: the address the reader is on."""
    return f"{request.scheme}://{request.get_host()}/v1"


def snippets_of(request: HttpRequest, *, model: str, key: str = KEY_PLACEHOLDER) -> dict[str, str]:
    """Code by tab title. The real key goes in only on the page that shows it once."""
    values = {"base_url": base_url_of(request), "model": model or MODEL_PLACEHOLDER, "key": key}
    return {
        "curl": CURL.format(**values),
        "Python": PYTHON.format(**values),
        "Node": NODE.format(**values),
        ".env": DOTENV.format(**values),
    }
