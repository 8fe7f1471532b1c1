"""What a refused caller reads, in the site's language. `{detail}` is ours, never an upstream's."""

from collections.abc import Mapping
from dataclasses import dataclass

ENGLISH = "en"

# cause name -> language -> text
TEXTS: dict[str, dict[str, str]] = {
    "BAD_REQUEST": {
        "en": "Invalid request: {detail}",
        "zh-hans": "请求无效：{detail}",
        "zh-hant": "請求無效：{detail}",
    },
    "INVALID_JSON": {
        "en": "The request body is not valid JSON.",
        "zh-hans": "请求正文不是有效的 JSON。",
        "zh-hant": "請求內容不是有效的 JSON。",
    },
    "MISSING_PARAMETER": {
        "en": "Missing required parameter: '{detail}'.",
        "zh-hans": "缺少必填参数：“{detail}”。",
        "zh-hant": "缺少必要參數：「{detail}」。",
    },
    "UPSTREAM_REJECTED": {
        "en": "The model rejected the request: check its parameters.",
        "zh-hans": "模型拒绝了该请求，请检查参数。",
        "zh-hant": "模型拒絕了此請求，請檢查參數。",
    },
    "CONTEXT_LENGTH": {
        "en": "The messages are longer than the model's context.",
        "zh-hans": "消息长度超出了模型的上下文长度。",
        "zh-hant": "訊息長度超出了模型的上下文長度。",
    },
    "CONTENT_POLICY": {
        "en": "The request was refused by the model's content policy.",
        "zh-hans": "该请求因模型的内容政策被拒绝。",
        "zh-hant": "此請求因模型的內容政策而遭拒。",
    },
    "UNSUPPORTED_BY_UPSTREAM": {
        "en": "This model does not support the parameter '{detail}'.",
        "zh-hans": "该模型不支持参数“{detail}”。",
        "zh-hant": "此模型不支援參數「{detail}」。",
    },
    "NO_KEY": {
        "en": "No API key provided. Send it as 'Authorization: Bearer sk-…'.",
        "zh-hans": "未提供 API 密钥。请在请求头中加入“Authorization: Bearer sk-…”。",
        "zh-hant": "未提供 API 金鑰。請在標頭加入「Authorization: Bearer sk-…」。",
    },
    "UNKNOWN_KEY": {
        "en": "Incorrect API key provided.",
        "zh-hans": "API 密钥无效。",
        "zh-hant": "API 金鑰無效。",
    },
    "REVOKED_KEY": {
        "en": "This API key has been revoked.",
        "zh-hans": "该 API 密钥已被撤销。",
        "zh-hant": "此 API 金鑰已遭撤銷。",
    },
    "EXPIRED_KEY": {
        "en": "This API key has expired.",
        "zh-hans": "该 API 密钥已过期。",
        "zh-hant": "此 API 金鑰已過期。",
    },
    "NO_CREDIT": {
        "en": "Your balance does not cover this request. Top up in the dashboard.",
        "zh-hans": "余额不足以支付该请求，请到控制台充值。",
        "zh-hant": "餘額不足以支付此請求，請到控制台儲值。",
    },
    "KEY_BUDGET": {
        "en": "This API key's budget is spent. {detail}",
        "zh-hans": "该 API 密钥的预算已用完。{detail}",
        "zh-hant": "此 API 金鑰的預算已用完。{detail}",
    },
    "ORGANIZATION_BUDGET": {
        "en": "Your organization's budget is spent. {detail}",
        "zh-hans": "组织的预算已用完。{detail}",
        "zh-hant": "組織的預算已用完。{detail}",
    },
    "KEY_DISABLED": {
        "en": "This API key is disabled.",
        "zh-hans": "该 API 密钥已停用。",
        "zh-hant": "此 API 金鑰已停用。",
    },
    "ORGANIZATION_SUSPENDED": {
        "en": "This organization is suspended. Contact support.",
        "zh-hans": "该组织已被暂停，请联系客服。",
        "zh-hant": "此組織已遭停用，請聯絡客服。",
    },
    "ORGANIZATION_FROZEN": {
        "en": "This organization is frozen while we check its balance. Contact support.",
        "zh-hans": "该组织已被冻结，我们正在核对其余额，请联系客服。",
        "zh-hant": "此組織已遭凍結，我們正在核對其餘額，請聯絡客服。",
    },
    "SITE_SUSPENDED": {
        "en": "This site is suspended. It is not your balance or your key.",
        "zh-hans": "该站点已被暂停，与你的余额和密钥无关。",
        "zh-hant": "此站台已遭停用，與您的餘額和金鑰無關。",
    },
    "MODEL_NOT_ALLOWED": {
        "en": "This API key may not use the model '{detail}'.",
        "zh-hans": "该 API 密钥无权使用模型“{detail}”。",
        "zh-hant": "此 API 金鑰無權使用模型「{detail}」。",
    },
    "ENDPOINT_NOT_ALLOWED": {
        "en": "This API key may not use the endpoint '{detail}'.",
        "zh-hans": "该 API 密钥无权使用接口“{detail}”。",
        "zh-hant": "此 API 金鑰無權使用端點「{detail}」。",
    },
    "IP_NOT_ALLOWED": {
        "en": "This API key may not be used from the address {detail}.",
        "zh-hans": "该 API 密钥不能从地址 {detail} 使用。",
        "zh-hant": "此 API 金鑰不能從位址 {detail} 使用。",
    },
    "MODEL_NOT_FOUND": {
        "en": "The model '{detail}' does not exist.",
        "zh-hans": "模型“{detail}”不存在。",
        "zh-hant": "模型「{detail}」不存在。",
    },
    "ENDPOINT_NOT_SUPPORTED": {
        "en": "The model '{detail}' is not served at this endpoint.",
        "zh-hans": "模型“{detail}”不支持该接口。",
        "zh-hant": "模型「{detail}」不支援此端點。",
    },
    "NOT_FOUND": {
        "en": "Unknown request URL: {detail}",
        "zh-hans": "请求的地址不存在：{detail}",
        "zh-hant": "請求的網址不存在：{detail}",
    },
    "OBJECT_NOT_FOUND": {
        "en": "There is nothing with the id '{detail}'.",
        "zh-hans": "没有 ID 为“{detail}”的对象。",
        "zh-hant": "沒有 ID 為「{detail}」的物件。",
    },
    "METHOD_NOT_ALLOWED": {
        "en": "This address takes {detail} requests.",
        "zh-hans": "该地址仅接受 {detail} 请求。",
        "zh-hant": "此網址僅接受 {detail} 請求。",
    },
    "CLIENT_TIMEOUT": {
        "en": "The request was not received in time.",
        "zh-hans": "未能及时收到完整的请求。",
        "zh-hant": "未能及時收到完整的請求。",
    },
    "IDEMPOTENCY_CONFLICT": {
        "en": "A request with the same Idempotency-Key is still under way.",
        "zh-hans": "使用相同 Idempotency-Key 的请求仍在处理中。",
        "zh-hant": "使用相同 Idempotency-Key 的請求仍在處理中。",
    },
    "TOO_LARGE": {
        "en": "The request body is larger than {detail} bytes.",
        "zh-hans": "请求正文超过 {detail} 字节。",
        "zh-hant": "請求內容超過 {detail} 位元組。",
    },
    "ENCODING": {
        "en": "Compressed request bodies are not accepted: send plain JSON.",
        "zh-hans": "不接受压缩的请求正文，请发送普通 JSON。",
        "zh-hant": "不接受壓縮的請求內容，請傳送一般 JSON。",
    },
    "IDEMPOTENCY_NOT_KEPT": {
        "en": "This Idempotency-Key's request was done and charged once; its answer was too long, "
        "or cut off, and cannot be repeated. Use another key.",
        "zh-hans": "该 Idempotency-Key 的请求已执行并只计费一次，但其结果过长或已中断，无法重放，"
        "请更换密钥。",
        "zh-hant": "此 Idempotency-Key 的請求已執行且只計費一次，但其結果過長或已中斷，無法重播，"
        "請更換金鑰。",
    },
    "IDEMPOTENCY_MISMATCH": {
        "en": "The Idempotency-Key was used before with a different request.",
        "zh-hans": "该 Idempotency-Key 已用于另一个不同的请求。",
        "zh-hant": "此 Idempotency-Key 已用於另一個不同的請求。",
    },
    "MISDIRECTED": {
        "en": "No site answers at this host name.",
        "zh-hans": "该域名下没有站点。",
        "zh-hant": "此網域下沒有站台。",
    },
    "RATE_LIMIT": {
        "en": "Rate limit reached: {detail}.",
        "zh-hans": "已达到速率限制：{detail}。",
        "zh-hant": "已達到速率限制：{detail}。",
    },
    "INTERNAL": {
        "en": "The server had an error. It was logged under this request's id.",
        "zh-hans": "服务器内部错误，已按该请求的 ID 记录。",
        "zh-hant": "伺服器內部錯誤，已依此請求的 ID 記錄。",
    },
    "UPSTREAM_ERROR": {
        "en": "The model's provider failed to answer. You were not charged.",
        "zh-hans": "模型供应商未能应答，本次请求不收费。",
        "zh-hant": "模型供應商未能回應，此次請求不收費。",
    },
    "NO_UPSTREAM_AVAILABLE": {
        "en": "No provider of this model is available right now. Try again shortly.",
        "zh-hans": "该模型暂无可用的供应商，请稍后重试。",
        "zh-hant": "此模型暫無可用的供應商，請稍後再試。",
    },
    "GATE_UNAVAILABLE": {
        "en": "The service cannot take requests right now. Try again shortly.",
        "zh-hans": "服务暂时无法处理请求，请稍后重试。",
        "zh-hant": "服務暫時無法處理請求，請稍後再試。",
    },
    "UPSTREAM_TIMEOUT": {
        "en": "The model's provider did not answer in time.",
        "zh-hans": "模型供应商未在规定时间内应答。",
        "zh-hant": "模型供應商未在時限內回應。",
    },
    "STREAM_CUT": {
        "en": "The model's provider ended the answer early.",
        "zh-hans": "模型供应商提前中断了回答。",
        "zh-hant": "模型供應商提前中斷了回答。",
    },
}


# Details that are worded in the reader's language: name -> language -> text
DETAILS: dict[str, dict[str, str]] = {
    "requests_per_minute": {
        "en": "{value} requests per minute",
        "zh-hans": "每分钟 {value} 次请求",
        "zh-hant": "每分鐘 {value} 次請求",
    },
    "tokens_per_minute": {
        "en": "{value} tokens per minute",
        "zh-hans": "每分钟 {value} 个 token",
        "zh-hant": "每分鐘 {value} 個 token",
    },
    "concurrency": {
        "en": "{value} calls at a time",
        "zh-hans": "同时 {value} 个请求",
        "zh-hant": "同時 {value} 個請求",
    },
    "renews_at": {
        "en": "It renews at {value}.",
        "zh-hans": "将于 {value} 重置。",
        "zh-hant": "將於 {value} 重置。",
    },
    "retired": {
        "en": " It has been retired.",
        "zh-hans": "该模型已下线。",
        "zh-hant": "此模型已停止服務。",
    },
    "successor": {
        "en": " It has been retired: use '{value}' instead.",
        "zh-hans": "该模型已下线，请改用“{value}”。",
        "zh-hant": "此模型已停止服務，請改用「{value}」。",
    },
}


@dataclass(frozen=True, slots=True)
class Detail:
    """A detail that still has to be worded: `name` is one of DETAILS."""

    name: str
    value: str | int


def pick(texts: Mapping[str, str], language: str) -> str:
    """The text in `language`; English where the language is not one of ours."""
    return texts.get(language) or texts[ENGLISH]


def fill(text: str, language: str, detail: str | Detail) -> str:
    """The text with its detail, if it takes one, in the same language."""
    if "{detail}" not in text:
        return text
    if isinstance(detail, Detail):
        detail = hint(detail, language)
    return text.replace("{detail}", detail).rstrip()


def hint(detail: Detail, language: str) -> str:
    """A detail in words, as it goes into or after a message."""
    return pick(DETAILS[detail.name], language).replace("{value}", str(detail.value))
