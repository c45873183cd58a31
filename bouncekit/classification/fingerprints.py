"""The text of a failure without what varies from one message to the next.

Failures repeat: strip addresses, ids, IP addresses, times and long numbers,
and a million texts become a few hundred. Rules see nothing but the
fingerprint, so that what is decided for one text holds for all that share it.

Two steps. :func:`strip_varying` works on whole Arrow columns with RE2, which
is linear in the length of the text. :func:`normalise` works on the distinct
results: one form for case, width, accents, quotes, Traditional and Simplified
characters, and multi-line replies.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.texts import MAX_TEXT

# One pass; RE2 syntax, so no look-around. What rules test must survive: codes, tags such as
# [TSS04], S3150 or OFR_416, and numbers of up to five digits.
_VARYING = "|".join(
    (
        # Addresses; the dots that sendmail puts behind one are no part of it.
        r"[\w.!#$%&*+/=?^{}~\x{c0}-\x{24f}-]+@[\w\x{c0}-\x{24f}-]+(?:\.[\w\x{c0}-\x{24f}-]+)*\.?",
        r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:[:/]\d+)?",  # IPv4
        r"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{2,}:[0-9A-Fa-f.:]+",  # IPv6, times
        r"\d{4}-\d\d-\d\d[T ]?[\d:.]*Z?",  # dates
        r"[\w.+-]*\d[\w.+-]* - gsmtp",  # Google's id for the dialogue
        r"[A-Za-z_+=-]*\d[\w+=-]{11,}",  # ids: long, with a digit
        r"[A-Za-z_+=-]{11,}\d[\w+=-]*",
        r"\d{6,}",
    )
)
PLACEHOLDER = "*"
# The code of a multi-line reply and its first word would pass for an id: 550-Relaying.
_CODE_AND_WORD = r"(^|\s)([245]\d\d-)([A-Za-z])"

# Traditional to Simplified for the characters that occur in failure texts (smtp-codes: both forms).
_TRADITIONAL = (
    "郵邮無无絕绝滿满帳帐號号戶户該该這这個个來来時时間间內内為为與与網网絡络傳传遞递達达連连線线錯错誤误檔档過过濾滤廣广監监測测檢检驗验證证認认權权許许額额數数據据"
    "訊讯發发單单對对應应請请稱称變变寫写資资訂订閱阅說说設设計计備备儲储機机關关閉闭開开啟启凍冻結结註注銷销刪删終终續续總总統统經经試试詢询務务處处報报擋挡罰罚險险"
    "頻频類类題题風风僅仅從从後后會会嗎吗點点當当實实聯联繫系體体壞坏長长門门顯显隱隐雜杂離离難难電电負负壓压縮缩寬宽國国際际庫库廢废異异屬属層层損损敗败毀毁載载轉转"
    "輸输鎖锁鏈链夠够極极標标條条東东殺杀沒没灣湾獲获現现產产畫画碼码禮礼種种稅税積积簡简納纳佇伫劃划勞劳卻却參参嚴严團团塊块屆届幾几廠厂張张復复愛爱慮虑憑凭戰战戲戏"
    "擇择擴扩擠挤攔拦擊击攜携敘叙於于曆历樣样歸归殘残氣气決决況况準准減减溫温滯滞潔洁爭争狀状獨独環环畢毕療疗盡尽確确競竞筆笔節节範范組组給给維维綱纲緊紧緩缓罷罢義义"
    "習习職职聲声聽听脫脱莊庄華华萬万補补裝装裡里規规視视覺觉觸触討讨訪访詳详誌志誰谁誘诱調调謝谢識识譯译讓让議议豐丰財财責责貨货貼贴買买費费賬账質质購购趕赶跡迹軟软"
    "較较輕轻辦办農农迴回週周運运遠远適适選选遺遗還还釋释鑰钥銀银錄录鍵键鎮镇閒闲陸陆階阶隊队陽阳響响頁页預预領领頭头顧顾飛飞養养驅驱驟骤鬆松齊齐龍龙並并佔占兩两別别"
    "則则創创動动勢势區区協协衝冲喚唤嘗尝執执堅坚場场奪夺妳你將将尋寻專专島岛幫帮廳厅強强彈弹徑径徵征恆恒懷怀擬拟斷断暫暂書书業业構构槍枪橋桥歡欢歲岁殼壳氫氢滾滚潛潜"
    "災灾煙烟獎奖盜盗眾众築筑篩筛簽签籤签糾纠級级細细緒绪縣县聖圣臨临舉举舊旧藝艺藥药虛虚術术裏里複复見见觀观訴诉語语諾诺護护讀读貴贵賴赖贊赞趨趋蹤踪軍军輔辅轄辖進进"
    "遲迟鄰邻醫医鈕钮鋪铺錢钱鏡镜鑑鉴隨随隸隶靈灵靜静韓韩頂顶項项須须願愿顏颜饋馈駐驻騙骗鬧闹鮮鲜麗丽麼么黨党"
)
_SIMPLIFY = {ord(_TRADITIONAL[i]): _TRADITIONAL[i + 1] for i in range(0, len(_TRADITIONAL), 2)}
_QUOTES = dict.fromkeys(map(ord, "‘’‛′´`"), "'") | dict.fromkeys(map(ord, "“”„«»「」『』"), '"')
# Only Latin letters lose their accents: a Japanese voicing mark makes a different letter.
_ACCENTS = {
    code: unicodedata.normalize("NFKD", chr(code))[0]
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
    if len(unicodedata.normalize("NFKD", chr(code))) > 1
}
_LETTERS = {ord("ł"): "l", ord("ø"): "o", ord("đ"): "d", ord("ı"): "i", ord("ё"): "е"}
_ONE_TO_ONE = _SIMPLIFY | _QUOTES | _ACCENTS | _LETTERS
# Casefolding a Turkish İ leaves its dot behind.
_FOLD = _ONE_TO_ONE | {0x307: None}

_FIRST_CODE = re.compile(r"(?<!\d)([245]\d\d)-([245]\.\d\.\d{1,3})?")
_LITERAL_LINE_END = re.compile(r"\\r\\n|\\n")
_MICROSOFT_HOST = re.compile(
    r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,3}?(?=\.prod\.(?:protection\.)?outlook\.com)"
)
_SPACES = re.compile(r"\s+")
# Words of alphabetic scripts; every character of Chinese, Japanese and Korean stands alone.
_WORD = re.compile(r"[^\W_\u1100-\U0010ffff]+|[^\W_\u0000-\u10ff]")


def strip_varying(texts: pa.Array) -> pa.Array:
    """Replace addresses, IP addresses, times, ids and long numbers by ``*``.

    Parameters
    ----------
    texts : pyarrow.Array
        Strings; missing values stay missing.
    """
    bounded = pc.utf8_slice_codeunits(texts, 0, MAX_TEXT)
    bounded = pc.replace_substring_regex(bounded, _CODE_AND_WORD, r"\1\2 \3")
    return pc.replace_substring_regex(bounded, _VARYING, PLACEHOLDER)


@lru_cache(maxsize=4_096)
def normalise(text: str) -> str:
    r"""Return the form in which texts and phrases are compared.

    Case folded, white space single, full width made half width, Traditional
    characters made Simplified, Latin letters without accents, quotes plain,
    and the repeated codes of a multi-line reply (RFC 5321 4.2.1) dropped.

    Examples
    --------
    >>> normalise("550-5.1.1 No such\n550 5.1.1 USER")
    '550 5.1.1 no such user'
    """
    text = _LITERAL_LINE_END.sub(" ", text[:MAX_TEXT])
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold().translate(_FOLD)
    text = _SPACES.sub(" ", text.casefold()).strip()
    if ".prod." in text:
        text = _MICROSOFT_HOST.sub(PLACEHOLDER, text)
    return _join_lines(text)


def _join_lines(text: str) -> str:
    first = _FIRST_CODE.search(text)
    if not first:
        return text
    reply, enhanced = first.groups()
    repeated = rf"(?:{re.escape(enhanced)} ?)?" if enhanced else ""
    rest = re.sub(rf" ?(?<!\d){reply}(?:- ?| ){repeated}", " ", text[first.end() :])
    start = f"{reply} {enhanced}" if enhanced else f"{reply} "
    if not enhanced:
        rest = rest.removeprefix(" ")
    return text[: first.start()] + start + rest


def fold_in_place(text: str) -> str:
    """Fold characters one for one, so that places in the result are places in ``text``."""
    return text.translate(_ONE_TO_ONE)


def fingerprint(text: str | None) -> str:
    """Return the text without what varies, in the form that rules see.

    Examples
    --------
    >>> fingerprint("550 5.1.1 <Ann@example.com>: User unknown")
    '550 5.1.1 <*>: user unknown'
    """
    if not text:
        return ""
    return normalise(strip_varying(pa.array([text], pa.large_string()))[0].as_py())


def words(normalised: str) -> tuple[str, ...]:
    """Split a normalised text into the words that phrases are made of.

    Punctuation and placeholders are no words: ``<a@example.com>: user
    unknown`` and ``User unknown`` read the same.
    """
    return tuple(_WORD.findall(normalised))


@cache
def phrase_words(phrase: str) -> tuple[str, ...]:
    """Split a phrase of a rule like :func:`words`."""
    return words(normalise(phrase))


def joined(found: Iterable[str]) -> str:
    """Join words so that a phrase is found as a plain substring, word by word."""
    return f" {' '.join(found)} "
