"""Sentences for people, in one place and in every language of the kit."""

from typing import Any, get_args

from bouncekit.errors import BouncekitError
from bouncekit.taxonomy import Language

_SENTENCES: dict[str, dict[str, str]] = {
    # Notes on rates
    "rates_no_denominator": {
        "en": "Nothing says how much was sent, so there are counts and shares but no rates.",
        "zh": "没有发送量数据，因此只有数量和占比，没有退信率。",
    },
    "rates_mixed": {
        "en": "No sends are reported by {sources}; what it delivered or bounced counts as sent.",
        "zh": "{sources} 不提供发送记录，其送达与退信的邮件按已发送计。",
    },
    "rates_outside": {
        "en": "Bounces outside these rates, as no record says what was sent there: "
        "{count}{sources}.",
        "zh": "{count} 个退信不计入退信率，因为没有对应的发送记录{sources}。",
    },
    "complaints_outside": {
        "en": "Complaints outside these rates, as no record says what was sent there: {count}.",
        "zh": "{count} 个投诉不计入投诉率，因为没有对应的发送记录。",
    },
    "complaints_untimed": {
        "en": "Complaints without a time, which are in no period: {count}.",
        "zh": "{count} 个投诉没有时间，不属于任何时间段。",
    },
    "rates_no_sends": {
        "en": "In {count} of {total} rows mail bounced and no sends are known; they have no rate.",
        "zh": "{total} 行中有 {count} 行有退信但没有发送量，这些行没有退信率。",
    },
    "rates_above": {
        "en": "In {count} of {total} rows more messages bounced than were sent; they have no rate.",
        "zh": "{total} 行中有 {count} 行的退信数大于发送量，这些行没有退信率。",
    },
    "rates_untimed": {
        "en": "Messages without a time, which are in no period: {count}.",
        "zh": "{count} 封邮件没有时间，不属于任何时间段。",
    },
    "rates_no_split": {
        "en": "The sends table has no column for {by}, so the split has no rates.",
        "zh": "发送表没有与 {by} 对应的列，因此拆分后没有退信率。",
    },
    "rates_unclassified": {
        "en": "{count} failures are not classified and count as undetermined; run bk.classify.",
        "zh": "{count} 个失败尚未分类，按无法判定计；请先运行 bk.classify。",
    },
    "rates_gaps": {
        "en": "The split has too many values to list empty periods; only rows with mail are shown.",
        "zh": "拆分的取值过多，未列出没有邮件的时间段。",
    },
    # Why a provider's number differs from ours
    "measure_sent": {"en": "sent", "zh": "发送数"},
    "measure_delivered": {"en": "delivered", "zh": "送达数"},
    "measure_bounces": {"en": "bounces", "zh": "退信数"},
    "measure_hard": {"en": "hard bounces", "zh": "硬退信数"},
    "measure_soft": {"en": "soft bounces", "zh": "软退信数"},
    "measure_blocked": {"en": "blocks", "zh": "拦截数"},
    "measure_deferred": {"en": "deferrals", "zh": "延迟数"},
    "reconcile_head": {
        "en": "{provider} there, {ours} here: ",
        "zh": "对方 {provider}，我方 {ours}：",
    },
    "reconcile_same": {"en": "{count} in both", "zh": "双方均为 {count}"},
    "reconcile_other_source": {
        "en": "{count} that only other sources tell of",
        "zh": "{count} 个只见于其他来源",
    },
    "reconcile_time_zone": {
        "en": "{count} by days of another time zone",
        "zh": "{count} 个因日期时区不同",
    },
    "reconcile_event_day": {
        "en": "{count} counted in the period of the event, not of the sending",
        "zh": "{count} 个按事件时间而非发送时间计",
    },
    "reconcile_repeated": {
        "en": "{count} further events of messages that count once",
        "zh": "{count} 个同一邮件的重复事件",
    },
    "reconcile_overtaken": {
        "en": "{count} of messages that ended otherwise later",
        "zh": "{count} 个后来有其他结果的邮件",
    },
    "reconcile_suppressed": {
        "en": "{count} that the provider did not try",
        "zh": "{count} 个服务商未尝试发送",
    },
    "reconcile_deferrals": {
        "en": "{count} that are still deferred",
        "zh": "{count} 个仍在延迟中",
    },
    "reconcile_blocks": {
        "en": "{count} for policy or content",
        "zh": "{count} 个因策略或内容被拦截",
    },
    "reconcile_duplicates": {
        "en": "{count} duplicates dropped while reading",
        "zh": "{count} 个读取时已去除的重复事件",
    },
    "reconcile_no_data": {
        "en": "{count} outside the events that were read",
        "zh": "{count} 个不在已读取的数据范围内",
    },
    "reconcile_left": {"en": "{count} unexplained", "zh": "{count} 个未能解释"},
    "reconcile_includes_suppressed": {
        "en": "The provider's {measure} seem to include messages that it did not try.",
        "zh": "对方的{measure}似乎包含未尝试发送的邮件。",
    },
    "reconcile_includes_deferrals": {
        "en": "The provider's {measure} seem to include mail that is still deferred.",
        "zh": "对方的{measure}似乎包含仍在延迟中的邮件。",
    },
    "reconcile_includes_blocks": {
        "en": "The provider seems to draw another line for {measure}: failures for policy or "
        "content count elsewhere.",
        "zh": "对方对{measure}的划分似乎不同：因策略或内容失败的邮件另计。",
    },
    "reconcile_includes_duplicates": {
        "en": "The provider's {measure} seem to count events again that were posted twice.",
        "zh": "对方的{measure}似乎重复计入了多次推送的事件。",
    },
    # Checks against lines of one's own
    "check_hard": {"en": "hard bounces", "zh": "硬退信率"},
    "check_total": {"en": "all bounces", "zh": "总退信率"},
    "check_complaint": {"en": "complaints", "zh": "投诉率"},
    "check_window": {"en": " from {first} to {last}", "zh": "（{first} 至 {last}）"},
    "check_fine": {
        "en": "{what}: {rate} % ({low}-{high} %), {count} of {sent} messages{window}; "
        "the line is {line} %",
        "zh": "{what}：{rate} %（{low}-{high} %），{sent} 封中 {count} 封{window}；参考线 {line} %",
    },
    "check_perhaps_fine": {
        "en": "{what}: {rate} % ({low}-{high} %), {count} of {sent} messages{window}; below the "
        "line of {line} %, though chance may hide that it is above",
        "zh": "{what}：{rate} %（{low}-{high} %），{sent} 封中 {count} 封{window}；"
        "低于参考线 {line} %，但样本不足以排除超线",
    },
    "check_above": {
        "en": "{what}: {rate} % ({low}-{high} %), {count} of {sent} messages{window}; "
        "above the line of {line} %",
        "zh": "{what}：{rate} %（{low}-{high} %），{sent} 封中 {count} 封{window}；"
        "高于参考线 {line} %",
    },
    "check_perhaps_above": {
        "en": "{what}: {rate} % ({low}-{high} %), {count} of {sent} messages{window}; "
        "above the line of {line} %, which may be chance",
        "zh": "{what}：{rate} %（{low}-{high} %），{sent} 封中 {count} 封{window}；"
        "高于参考线 {line} %，但可能出于偶然",
    },
    "check_few": {
        "en": "{what}: cannot tell, only {sent} messages{window}, fewer than {least}",
        "zh": "{what}：无法判断，仅 {sent} 封{window}，少于 {least} 封",
    },
    "check_more": {
        "en": "{what}: cannot tell, {count} of only {sent} messages{window}: the record of sends "
        "is not complete",
        "zh": "{what}：无法判断，{sent} 封中却有 {count} 封{window}：发送记录不完整",
    },
    "check_no_sends": {
        "en": "{what}: cannot tell{window}, as nothing says how much was sent",
        "zh": "{what}：无法判断{window}，没有发送量数据",
    },
    "check_outside": {
        "en": " (beside it {count} of mail without a record of sends)",
        "zh": "（另有 {count} 个没有对应的发送记录）",
    },
    # Why a domain is flagged, or is not
    "domain_flagged": {
        "en": "{failures} temporary failures on {days} days to {recipients} recipients "
        "within {window} days{rate}, mostly {reason}.",
        "zh": "{window} 天内有 {failures} 次临时失败，涉及 {days} 天、{recipients} 个收件人"
        "{rate}，主要原因：{reason}。",
    },
    "domain_rate": {
        "en": ", {rate:.1%} of {sent} messages sent",
        "zh": "，占所发 {sent} 封的 {rate:.1%}",
    },
    "domain_not_flagged": {
        "en": "Not flagged: {missing}.",
        "zh": "未标记：{missing}。",
    },
    "domain_few_failures": {
        "en": "{failures} failures of at least {least}",
        "zh": "失败 {failures} 次，少于 {least} 次",
    },
    "domain_few_days": {
        "en": "{days} days with failures of at least {least}",
        "zh": "有失败的天数为 {days}，少于 {least}",
    },
    "domain_few_recipients": {
        "en": "{recipients} recipients of at least {least}",
        "zh": "涉及 {recipients} 个收件人，少于 {least} 个",
    },
    "domain_low_rate": {
        "en": "{rate:.1%} failed of at least {least:.1%}",
        "zh": "失败率 {rate:.1%}，低于 {least:.1%}",
    },
    "domain_unknown_rate": {
        "en": "a least rate is asked for, and nothing says how much was sent there",
        "zh": "设定了最低失败率，但没有该域名的发送量",
    },
    # What to do about a domain, by whose move it is and whether time heals
    "advice_address": {
        "en": "Check the spelling and whether the domain still takes mail before writing again.",
        "zh": "再次发送前，请核对拼写并确认该域名仍在收信。",
    },
    "advice_mailbox": {
        "en": "Retry these recipients later; their mailboxes are full or suspended.",
        "zh": "这些收件人的邮箱已满或被停用，请稍后重试。",
    },
    "advice_server": {
        "en": "Keep the addresses and retry in some days; the receiving server has trouble.",
        "zh": "保留地址，几天后重试；对方服务器有故障。",
    },
    "advice_network": {
        "en": "Keep the addresses and retry in some days; if it lasts, check the domain's MX.",
        "zh": "保留地址，几天后重试；若一直如此，请检查该域名的 MX 记录。",
    },
    "advice_policy_time": {
        "en": "Send to this domain more slowly and in smaller batches; the addresses are fine.",
        "zh": "对该域名放慢发送、减小批量；地址本身没有问题。",
    },
    "advice_policy_sender": {
        "en": "Stop sending there until the sender is mended (authentication, reputation, "
        "block lists); the addresses are fine.",
        "zh": "先修复发件方问题（认证、信誉、黑名单）再发送；地址本身没有问题。",
    },
    "advice_content": {
        "en": "Change the message (size, links, attachments, wording) before sending there again.",
        "zh": "修改邮件内容（大小、链接、附件、措辞）后再发送。",
    },
    "advice_unknown": {
        "en": "Read some of the servers' answers; no rule knows what they mean.",
        "zh": "请查看对方服务器的原文；没有规则能判断其含义。",
    },
    # Why an address has its state
    "cause_deleted": {
        "en": "took mail before; the mailbox is likely deleted",
        "zh": "曾成功收信，邮箱很可能已注销",
    },
    "cause_never_delivered": {
        "en": "never took mail; likely mistyped or invented",
        "zh": "从未成功收信，很可能写错或不存在",
    },
    "cause_near_miss": {
        "en": "the domain is a near miss of a big one; likely mistyped",
        "zh": "域名与常见邮箱域名只差一点，很可能写错",
    },
    "cause_bad_batch": {
        "en": "never took mail, like many that came in the same batch; likely a bad list",
        "zh": "从未成功收信，同批导入的地址也大量失效，名单很可能有问题",
    },
    "cause_role": {
        "en": "never took mail; an address of a function, likely guessed",
        "zh": "从未成功收信；属于职能邮箱，很可能是猜测的",
    },
    "cause_invented": {
        "en": "never took mail; looks invented",
        "zh": "从未成功收信；看起来是编造的地址",
    },
    "batch_suspicious": {
        "en": "{dead} of {mailed} mailed addresses are dead and never took mail ({dead_rate}, "
        "elsewhere {elsewhere_rate}): look where this batch came from before mailing more of it",
        "zh": "已发送的 {mailed} 个地址中有 {dead} 个从未收信且已失效（{dead_rate}，"
        "其他批次为 {elsewhere_rate}）：继续发送前请查清这批名单的来源",
    },
    "batch_usual": {
        "en": "{dead} of {mailed} mailed addresses are dead and never took mail ({dead_rate}, "
        "elsewhere {elsewhere_rate})",
        "zh": "已发送的 {mailed} 个地址中有 {dead} 个从未收信且已失效（{dead_rate}，"
        "其他批次为 {elsewhere_rate}）",
    },
    "batch_few": {
        "en": "only {mailed} addresses were mailed, fewer than {least}",
        "zh": "仅向 {mailed} 个地址发过信，少于 {least} 个",
    },
    "cause_invalid": {
        "en": "does not exist; the data does not show whether it ever did",
        "zh": "地址不存在；数据无法说明以前是否存在",
    },
    "cause_complaint": {"en": "marked mail as spam", "zh": "曾把邮件举报为垃圾邮件"},
    "cause_unsubscribe": {"en": "asked for no more mail", "zh": "已退订"},
    "cause_soft_limit": {
        "en": "too many soft bounces in a row",
        "zh": "连续软退信次数达到上限",
    },
    "cause_unmatched": {
        "en": "a bounce matches nothing that was sent and may be forged",
        "zh": "退信与已发送记录不符，可能是伪造的",
    },
    "cause_guessed_recipient": {
        "en": "the report names no recipient; the address is a guess from the original mail",
        "zh": "退信报告没有写明收件人，地址由原邮件推测",
    },
    "cause_undetermined": {
        "en": "too many failures that no rule understands",
        "zh": "多次失败，且没有规则能判断原因",
    },
    "cause_contradiction": {
        "en": "called hard, yet for a reason that is never the address's fault",
        "zh": "被判为硬退信，但原因与地址本身无关",
    },
    "cause_suppressed": {
        "en": "on the provider's own suppression list",
        "zh": "在服务商自己的拒发名单中",
    },
}


def check_language(lang: str) -> str:
    """Return ``lang``, or raise BouncekitError unless the kit speaks it."""
    if lang not in get_args(Language):
        msg = f"lang {lang!r} is not known; use one of: {', '.join(get_args(Language))}"
        raise BouncekitError(msg)
    return lang


def say(name: str, lang: str = "en", **values: Any) -> str:
    """Return the sentence of that name with its values filled in.

    Examples
    --------
    >>> say("cause_unsubscribe")
    'asked for no more mail'
    """
    return _SENTENCES[name][lang].format(**values)


def cause_text(cause: str, lang: str = "en") -> str:
    """Return the words for a value of the column ``cause`` of :func:`bouncekit.recipients`."""
    return say(f"cause_{cause}", lang)
