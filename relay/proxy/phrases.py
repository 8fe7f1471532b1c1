"""What is wrong with a request, in the site's language. The readers of requests say it in English,
as `'param': why` or `'param' why`; a phrase that is not in this book stays English."""

import re
from collections.abc import Mapping

_PARAM = re.compile(r"'(?P<param>[^']{1,200})':? (?P<why>.*)", re.S)

# language -> quotation marks around a parameter's name
_QUOTES = {"zh-hans": ("“", "”"), "zh-hant": ("「", "」")}

# English -> language -> the same with the groups where they belong; the first that fits wins.
_BOOK: Mapping[str, Mapping[str, str]] = {
    r"the body must be a JSON object": {
        "zh-hans": "请求正文必须是 JSON 对象",
        "zh-hant": "請求內容必須是 JSON 物件",
    },
    r"(?:is|must not be) empty": {"zh-hans": "不能为空", "zh-hant": "不能為空"},
    r"the body must be multipart/form-data": {
        "zh-hans": "请求正文必须是 multipart/form-data",
        "zh-hant": "請求內容必須是 multipart/form-data",
    },
    r"the Content-Type has no usable boundary": {
        "zh-hans": "Content-Type 中没有可用的 boundary",
        "zh-hant": "Content-Type 中沒有可用的 boundary",
    },
    r"the form has more than (\d+) parts, or too long a head": {
        "zh-hans": "表单超过 {0} 个部分，或头部过长",
        "zh-hant": "表單超過 {0} 個部分，或標頭過長",
    },
    r"the form has a part without a usable name": {
        "zh-hans": "表单中有一部分没有可用的名称",
        "zh-hant": "表單中有一部分沒有可用的名稱",
    },
    r"the multipart body is malformed or cut short": {
        "zh-hans": "multipart 正文格式有误或不完整",
        "zh-hant": "multipart 內容格式有誤或不完整",
    },
    r"the multipart body does not begin with its boundary": {
        "zh-hans": "multipart 正文没有以其 boundary 开头",
        "zh-hant": "multipart 內容沒有以其 boundary 開頭",
    },
    r"is still being made": {"zh-hans": "仍在生成中", "zh-hant": "仍在產生中"},
    r"is required": {"zh-hans": "是必填参数", "zh-hant": "是必要參數"},
    r"is not supported for this model": {
        "zh-hans": "不受该模型支持",
        "zh-hant": "不受此模型支援",
    },
    r"is of no known form": {"zh-hans": "的形式无法识别", "zh-hant": "的形式無法識別"},
    r"must be printable text": {
        "zh-hans": "必须是可打印的文本",
        "zh-hant": "必須是可列印的文字",
    },
    r"must be UTF-8 text": {"zh-hans": "必须是 UTF-8 文本", "zh-hant": "必須是 UTF-8 文字"},
    r"must have a printable file name": {
        "zh-hans": "的文件名必须可打印",
        "zh-hant": "的檔名必須可列印",
    },
    r"must be a day, YYYY-MM-DD": {
        "zh-hans": "必须是 YYYY-MM-DD 格式的日期",
        "zh-hant": "必須是 YYYY-MM-DD 格式的日期",
    },
    r"must be an object": {"zh-hans": "必须是对象", "zh-hant": "必須是物件"},
    r"must be an address, or a data URL in base64": {
        "zh-hans": "必须是网址，或 base64 编码的 data URL",
        "zh-hant": "必須是網址，或 base64 編碼的 data URL",
    },
    r"must be UTF-8 text in base64": {
        "zh-hans": "必须是 base64 编码的 UTF-8 文本",
        "zh-hant": "必須是 base64 編碼的 UTF-8 文字",
    },
    r"must be JSON": {"zh-hans": "必须是 JSON", "zh-hant": "必須是 JSON"},
    r"arguments must be JSON": {
        "zh-hans": "的 arguments 必须是 JSON",
        "zh-hant": "的 arguments 必須是 JSON",
    },
    r"arguments must be a JSON object": {
        "zh-hans": "的 arguments 必须是 JSON 对象",
        "zh-hant": "的 arguments 必須是 JSON 物件",
    },
    r"must be a whole number, (-?\d+) to (-?\d+)": {
        "zh-hans": "必须是 {0} 到 {1} 之间的整数",
        "zh-hant": "必須是 {0} 到 {1} 之間的整數",
    },
    r"must be a whole number, at least (-?\d+)": {
        "zh-hans": "必须是不小于 {0} 的整数",
        "zh-hant": "必須是不小於 {0} 的整數",
    },
    r"must be (-?[\d.]+) to (-?[\d.]+)(?: for this model)?": {
        "zh-hans": "必须在 {0} 到 {1} 之间",
        "zh-hant": "必須在 {0} 到 {1} 之間",
    },
    r"must be at most (-?\d+)": {"zh-hans": "不能大于 {0}", "zh-hant": "不能大於 {0}"},
    r"must be at least (-?\d+)": {"zh-hans": "不能小于 {0}", "zh-hant": "不能小於 {0}"},
    r"must be (\d+) bytes at most": {
        "zh-hans": "不能超过 {0} 字节",
        "zh-hant": "不能超過 {0} 位元組",
    },
    r"must be 1 to (\d+) visible ASCII characters": {
        "zh-hans": "必须是 1 到 {0} 个可见的 ASCII 字符",
        "zh-hant": "必須是 1 到 {0} 個可見的 ASCII 字元",
    },
    r"must be (\d+) (?:(?:texts|inputs|characters) )?at most": {
        "zh-hans": "不能超过 {0} 个",
        "zh-hant": "不能超過 {0} 個",
    },
    r"must be all texts, all token ids, or all arrays of token ids": {
        "zh-hans": "的元素必须全部是字符串、全部是 token_id，或全部是 token_id 的数组",
        "zh-hant": "的元素必須全部是字串、全部是 token_id，或全部是 token_id 的陣列",
    },
    r"must be text, an array of texts, or tokens, and not empty": {
        "zh-hans": "必须是非空的文本、文本数组或 token",
        "zh-hant": "必須是非空的文字、文字陣列或 token",
    },
    r"must be text, or an array of texts, for this model": {
        "zh-hans": "对该模型必须是文本或文本数组",
        "zh-hant": "對此模型必須是文字或文字陣列",
    },
    r"must be less than '([^']*)'": {"zh-hans": "必须小于“{0}”", "zh-hant": "必須小於「{0}」"},
    r"must not be below '([^']*)'": {"zh-hans": "不能小于“{0}”", "zh-hant": "不能小於「{0}」"},
    r"needs '([^']*)' to be ([a-z_]+)": {
        "zh-hans": "需要“{0}”为 {1}",
        "zh-hant": "需要「{0}」為 {1}",
    },
    r"(?:cannot stand beside|does not go with) '([^']*)'": {
        "zh-hans": "不能与“{0}”同时使用",
        "zh-hant": "不能與「{0}」同時使用",
    },
    r"answers no (?:function|tool) call(?: of this conversation)?": {
        "zh-hans": "没有对应的工具调用",
        "zh-hant": "沒有對應的工具呼叫",
    },
    r"must hold something that its role can say": {
        "zh-hans": "没有该角色可用的内容",
        "zh-hant": "沒有此角色可用的內容",
    },
    r"must be application/json with a schema": {
        "zh-hans": "与 schema 一起使用时必须是 application/json",
        "zh-hant": "與 schema 一起使用時必須是 application/json",
    },
    r"at most (\d+) are possible for this model": {
        "zh-hans": "对该模型最多为 {0} 个",
        "zh-hant": "對此模型最多為 {0} 個",
    },
    r"must be a list of (\d+) to (\d+)": {
        "zh-hans": "必须是 {0} 到 {1} 项的列表",
        "zh-hant": "必須是 {0} 到 {1} 項的清單",
    },
    r"names no provider of this model": {
        "zh-hans": "指定的提供商不提供该模型",
        "zh-hant": "指定的供應商不提供此模型",
    },
    r"must be one of (.*)": {"zh-hans": "必须是以下之一：{0}", "zh-hant": "必須是以下之一：{0}"},
    # as the JSON decoder names types
    r"(?:must be|expected) (.*), (?:not|got) (.*)": {
        "zh-hans": "应为 {0}，实际为 {1}",
        "zh-hant": "應為 {0}，實際為 {1}",
    },
    r"(?:integer|number)(?: value)? out of range": {
        "zh-hans": "的数值超出范围",
        "zh-hant": "的數值超出範圍",
    },
    r"expected (.*)": {"zh-hans": "应为 {0}", "zh-hant": "應為 {0}"},
    r"invalid enum value (.*)": {"zh-hans": "不接受取值 {0}", "zh-hant": "不接受取值 {0}"},
}
_PHRASES = [(re.compile(english, re.S), texts) for english, texts in _BOOK.items()]


def worded(detail: str, language: str) -> str:
    """The detail in `language`, or as it is where the book has no phrase for it."""
    if language not in _QUOTES:
        return detail
    if (whole := _translated(detail, language)) is not None:
        return whole
    named = _PARAM.fullmatch(detail)
    if named is None or (why := _translated(named["why"], language)) is None:
        return detail
    begin, end = _QUOTES[language]
    return f"{begin}{named['param']}{end}{why}"


def _translated(english: str, language: str) -> str | None:
    for pattern, texts in _PHRASES:
        if (found := pattern.fullmatch(english)) is not None:
            return _filled(texts[language], found.groups())
    return None


def _filled(text: str, groups: tuple[str, ...]) -> str:
    """The groups in their places. They quote the caller: never taken for a pattern themselves."""
    return re.sub(r"\{(\d)\}", lambda place: groups[int(place[1])], text)
