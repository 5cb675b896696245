package reply_test

// client is how a mail program writes an answer.
type client struct {
	name string
	// lead are the lines above the quote: patterns as in tongue, or one of @gmail, @apple,
	// @thunderbird (those of the tongue), @header (from, sent, to, subject), @original (the
	// separator of the tongue above it).
	lead []string
	mark string // what stands before each quoted line of the plain text
	html string // {own}, {lead}, {quote}, {sign}; empty: it writes none
	// sign is a line that the program adds below the words; @device: that of the tongue.
	sign    string
	only    []string // tongues in which it is used so; nil: all
	below   bool     // the words stand below the quote
	between bool     // the words stand between the quoted lines
	short   bool     // used in conversations of two mails alone: else nothing tells what is answered
}

const (
	gmailHTML   = `<div dir="ltr">{own}</div>{sign}<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{lead}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">{quote}</blockquote></div>`
	appleHTML   = `<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body dir="auto">{own}{sign}<div dir="ltr"><br><blockquote type="cite">{lead}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">{quote}</div></blockquote></body></html>`
	macHTML     = `<html><head></head><body style="overflow-wrap: break-word;">{own}{sign}<div><br><blockquote type="cite"><div>{lead}</div><br class="Apple-interchange-newline"><div>{quote}</div></blockquote></div><br></body></html>`
	outlookHTML = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0in;} --></style></head><body lang="EN-US"><div class="WordSection1">{own}{sign}<p class="MsoNormal"><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal">{lead}</p></div></div><p class="MsoNormal"><o:p>&nbsp;</o:p></p>{quote}</div></body></html>`
	owaHTML     = `<html><head><style type="text/css" style="display:none;">P {margin-top:0;}</style></head><body dir="ltr"><div class="elementToProof">{own}</div><div id="Signature">{sign}</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif">{lead}</font><div>&nbsp;</div></div>{quote}</body></html>`
	newOutlook  = `<html><body><div>{own}</div><div id="ms-outlook-mobile-signature">{sign}</div><div id="mail-editor-reference-message-container"><div class="ms-outlook-mobile-reference-message skipProofing"><meta name="Generator" content="x">{lead}</div><div class="ms-outlook-mobile-reference-message">{quote}</div></div></body></html>`
	birdHTML    = `<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body>{own}{sign}<br><div class="moz-cite-prefix">{lead}<br></div><blockquote type="cite" cite="mid:x@example.org">{quote}</blockquote></body></html>`
	birdBelow   = `<html><head></head><body><div class="moz-cite-prefix">{lead}<br></div><blockquote type="cite" cite="mid:x@example.org">{quote}</blockquote>{own}<br>{sign}</body></html>`
	yahooHTML   = `<html><head></head><body><div class="ydp1yahoo-style-wrap"><div dir="ltr">{own}</div>{sign}<div><br></div></div><div id="ydp2yahoo_quoted_1" class="ydp2yahoo_quoted"><div style="font-size:13px;color:#26282a;"><div>{lead}</div><div><br></div><div>{quote}</div></div></div></body></html>`
	citeHTML    = `<div>{own}</div><div>{sign}</div><div>{lead}</div><blockquote type="cite">{quote}</blockquote>`
)

// clients are models of mail programs, by what mails from them look like.
var clients = []client{
	{name: "Gmail", lead: []string{"@gmail"}, mark: "> ", html: gmailHTML},
	{name: "Gmail, below", lead: []string{"@gmail"}, mark: "> ", below: true},
	{name: "Gmail, between", lead: []string{"@gmail"}, mark: "> ", between: true},
	{name: "Apple Mail", lead: []string{"@apple"}, mark: "> ", html: macHTML},
	{name: "iPhone", lead: []string{"@apple"}, mark: "> ", html: appleHTML, sign: "@device"},
	{name: "Outlook for Windows", lead: []string{"@header"}, html: outlookHTML},
	{name: "Outlook for Windows, original", lead: []string{"@original"}},
	{name: "Outlook for Windows, below", lead: []string{"@header"}, below: true, short: true},
	{name: "Outlook for Windows, between", lead: []string{"@header"}, between: true, short: true},
	{name: "Outlook on the web", lead: []string{"________________________________", "@header"}, html: owaHTML},
	{name: "Outlook, new", lead: []string{"@header"}, html: newOutlook, sign: "Get Outlook for iOS<https://aka.ms/o0ukef>", only: []string{"en"}},
	{name: "Outlook for Mac", lead: []string{"@header"}, html: `<html><body><div>{own}</div><div>{sign}</div><div><br></div><span id="OLK_SRC_BODY_SECTION"><div style="border-top: #b5c4df 1pt solid;">{lead}</div><div><br></div><div>{quote}</div></span></body></html>`},
	{name: "Thunderbird", lead: []string{"@thunderbird"}, mark: "> ", html: birdHTML},
	{name: "Thunderbird, below", lead: []string{"@thunderbird"}, mark: "> ", html: birdBelow, below: true},
	{name: "Thunderbird, between", lead: []string{"@thunderbird"}, mark: "> ", between: true},
	{name: "Yahoo", lead: []string{"@apple"}, html: yahooHTML},
	{name: "Yahoo for Android", lead: []string{"@gmail"}, mark: "  ", html: `<p>{own}</p><div id="ymail_android_signature"><a href="https://mail.onelink.me/1">{sign}</a></div><br><blockquote style="margin: 0 0 20px 0;"><div style="font-family:Roboto;">{lead}</div><div style="padding: 10px;">{quote}</div></blockquote>`, sign: "Sent from Yahoo Mail on Android", only: []string{"en"}},
	{name: "AOL", lead: []string{"-----Original Message-----", "@header"}, html: `<div>{own}</div>{sign}<br><br><div>-----Original Message-----<br>{lead}<br><br>{quote}</div>`, only: []string{"en"}},
	{name: "Proton", lead: []string{"On Monday, February {d}th, {Y} at {H}:{M} AM, {n} <{a}> wrote:"}, mark: "> ", html: `<div style="font-family: Arial;">{own}</div><div class="protonmail_signature_block">{sign}</div><div class="protonmail_quote">{lead}<br><blockquote class="protonmail_quote" type="cite">{quote}</blockquote><br></div>`, sign: "Sent with Proton Mail secure email.", only: []string{"en"}},
	{name: "Tuta", lead: []string{"", "{d}. Feb. {Y}, {H}:{M} von {a}:", ""}, mark: "> ", html: `<div>{own}</div><div>{sign}</div><br>{d}. Feb. {Y}, {H}:{M} von {a}:<br><blockquote class="tutanota_quote" style="border-left: 1px solid #93A3B8;">{quote}</blockquote>`, only: []string{"de"}},
	{name: "Tuta in English", lead: []string{"Feb {d}, {Y}, {H}:{M} by {a}:"}, mark: "> ", html: `<div>{own}</div><br><div>{lead}</div><blockquote class="tutanota_quote">{quote}</blockquote>`, only: []string{"en"}},
	{name: "Spark", lead: []string{"On {d} Feb {Y}, {H}:{M} +0100, {n} <{a}>, wrote:"}, mark: "> ", html: `<html><body><div name="messageBodySection"><div dir="auto">{own}</div></div><div name="messageSignatureSection">{sign}</div><div name="messageReplySection">{lead}<br><blockquote type="cite" class="spark_quote">{quote}</blockquote></div></body></html>`, sign: "Sent from Spark", only: []string{"en", "de", "fr"}},
	{name: "HEY", lead: []string{"On February {d}, {Y}, {n} <{a}> wrote:"}, mark: "> ", html: `<div class="trix-content"><div>{own}</div></div><div>{sign}</div><br><div>{lead}</div><blockquote>{quote}</blockquote>`, only: []string{"en"}},
	{name: "Front", lead: []string{"On February {d}, {Y} at {H}:{M} AM GMT+1 {a} wrote:"}, mark: "> ", html: `<div><div>{own}</div></div><div class="front-signature">{sign}</div><br><div class="front-attribution">{lead}</div><blockquote type="cite" class="front-blockquote">{quote}</blockquote>`, only: []string{"en"}},
	{name: "Missive", lead: []string{"On Feb {d}, {Y} at {H}:{M} AM, {n} <{a}> wrote:"}, mark: "> ", html: `<div>{own}</div><div class="missive_signature">{sign}</div><div class="missive_quote"><p>{lead}</p><blockquote>{quote}</blockquote></div>`, only: []string{"en"}},
	{name: "GMX", lead: []string{"Gesendet: Montag, {d}. Februar {Y} um {H}:{M} Uhr", "Von: {n} <{a}>", "An: Team <team@own.example>", "Betreff: Aw: Fragen"}, html: `<html><head></head><body><div><div>{own}</div>{sign}<div>&nbsp;<div name="quote" style="margin:10px 5px 5px 10px; border-left:2px solid #C3D9E5;"><div style="margin:0 0 10px 0;">{lead}</div><div name="quoted-content">{quote}</div></div></div></div></body></html>`, only: []string{"de"}},
	{name: "Zimbra", lead: []string{"----- Original Message -----", "From: \"{n}\" <{a}>", "To: \"Team\" <team@own.example>", "Sent: Monday, February {d}, {Y} {H}:{M}:00 AM", "Subject: Re: Questions"}, html: `<html><body><div>{own}</div><div data-marker="__SIG_PRE__">{sign}</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">{lead}</div><div data-marker="__QUOTED_TEXT__">{quote}</div></body></html>`, only: []string{"en"}},
	{name: "Roundcube", lead: []string{"On {Y}-02-{d} {H}:{M}, {n} wrote:"}, mark: "> ", html: `<html><body><p>{own}</p><div>{sign}</div><p id="reply-intro">{lead}</p><blockquote type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid; margin: 0">{quote}</blockquote></body></html>`, only: []string{"en"}},
	{name: "Horde", lead: []string{"Quoting {n} <{a}>:"}, mark: "> ", only: []string{"en"}},
	{name: "Horde in German", lead: []string{"Zitat von {n} <{a}>:"}, mark: "> ", only: []string{"de"}},
	{name: "mutt", lead: []string{"On Mon, Feb {d}, {Y} at {H}:{M}:00AM +0100, {n} wrote:"}, mark: "> ", below: true, only: []string{"en"}},
	{name: "mutt, between", lead: []string{"On Mon, Feb {d}, {Y} at {H}:{M}:00AM +0100, {n} wrote:"}, mark: "> ", between: true, only: []string{"en"}},
	{name: "Gnus", lead: []string{"{n} <{a}> writes:"}, mark: "> ", below: true, only: []string{"en"}},
	{name: "notmuch", lead: []string{"{n} <{a}> writes:"}, mark: "> ", between: true, only: []string{"en"}},
	{name: "aerc", lead: []string{"On Mon Feb {d}, {Y} at {H}:{M} AM CET, {n} wrote:"}, mark: "> ", below: true, only: []string{"en"}},
	{name: "sup", lead: []string{"Excerpts from {n}'s message of Mon Feb {d} {H}:{M}:00 +0100 {Y}:"}, mark: "> ", only: []string{"en"}},
	{name: "mailx", lead: []string{"{n} <{a}> wrote:"}, mark: "\t", only: []string{"en"}},
	{name: "Claws", lead: []string{"On Mon, {d} Feb {Y} {H}:{M}:00 +0100", "{n} <{a}> wrote:"}, mark: "> ", below: true, only: []string{"en"}},
	{name: "KMail", lead: []string{"On Monday, {d} February {Y} {H}:{M}:00 CET {n} wrote:"}, mark: "> ", only: []string{"en"}},
	{name: "Evolution", lead: []string{"On Mon, {Y}-02-{d} at {H}:{M} +0100, {n} wrote:"}, mark: "> ", html: `<html><head></head><body><div>{own}</div><div><span>{sign}</span></div><div>{lead}</div><blockquote type="cite" style="margin:0 0 0 .8ex; border-left:2px #729fcf solid;padding-left:1ex">{quote}</blockquote></body></html>`, only: []string{"en"}},
	{name: "GroupWise", lead: []string{">>> {n} <{a}> {d}.02.{Y} {H}:{M} >>>"}, html: `<html><head></head><body>{own}<br>{sign}<br>{lead}<br>{quote}</body></html>`},
	{name: "Lotus Notes", lead: []string{"From:\t{n}/Works/EXAMPLE", "To:\tTeam <team@own.example>", "Date:\t{d}/02/{Y} {H}:{M}", "Subject:\tRe: Questions"}, only: []string{"en"}},
	{name: "Lotus Notes, wrote", lead: []string{"{n} <{a}> wrote on {d}/02/{Y} {H}:{M}:00 AM:"}, mark: "> ", only: []string{"en"}},
	{name: "QQ", lead: []string{"------------------ 原始邮件 ------------------", "发件人: \"{n}\" <{a}>;", "发送时间: {Y}年2月{d}日(星期一) {H}:{M}", "收件人: \"Team\"<team@own.example>;", "主题: Re: Questions"}, html: `<div>{own}</div><div>{sign}</div><div><includetail><div style="color:#000;"><div style="font-size: 12px;">{lead}</div><div>&nbsp;</div>{quote}</div></includetail></div>`, only: []string{"zh"}},
	{name: "QQ in English", lead: []string{"------------------ Original ------------------", "From: \"{n}\" <{a}>;", "Date: Mon, Feb {d}, {Y} {H}:{M} AM", "To: \"Team\"<team@own.example>;", "Subject: Re: Questions"}, html: `<div>{own}</div><div>{sign}</div><div><includetail><div style="color:#000;"><div style="font-size: 12px;">{lead}</div><div>&nbsp;</div>{quote}</div></includetail></div>`, only: []string{"en"}},
	{name: "139", lead: []string{"----邮件原文----", "发件人：{n} <{a}>", "收件人：Team <team@own.example>", "发送时间：{Y}-02-{d} {H}:{M}:00", "主题：Re: Questions"}, only: []string{"zh"}},
	{name: "NetEase", lead: []string{"在 {Y}-02-{d} {H}:{M}:00，\"{n}\" <{a}> 写道："}, mark: ">", html: `<div style="line-height:1.7">{own}{sign}<br><br><div id="divNeteaseMailCard"></div><br>{lead}<br><blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; MARGIN: 0px 0px 0px 0.8ex; BORDER-LEFT: #ccc 1px solid">{quote}</blockquote></div>`, only: []string{"zh"}},
	{name: "NetEase in English", lead: []string{"At {Y}-02-{d} {H}:{M}:00, \"{n}\" <{a}> wrote:"}, mark: ">", html: `<div style="line-height:1.7">{own}{sign}<br><br><br>{lead}<br><blockquote id="isReplyContent">{quote}</blockquote></div>`, only: []string{"en"}},
	{name: "NetEase MailMaster", lead: []string{"---- Replied Message ----", "| From | {n}<{a}> |", "| Date | 02/{d}/{Y} {H}:{M} |", "| To | Team<team@own.example> |", "| Subject | Re: Questions |"}, html: `<div>{own}</div><div id="imail_signature" class="ntes-signature">{sign}</div><div class="ntes-mailmaster-quote">{lead}<div>{quote}</div></div>`, only: []string{"en"}},
	{name: "NetEase MailMaster in Chinese", lead: []string{"---- 回复的原邮件 ----", "| 发件人 | {n}<{a}> |", "| 发送日期 | {Y}年02月{d}日 {H}:{M} |", "| 收件人 | Team<team@own.example> |", "| 主题 | Re: Questions |"}, only: []string{"zh"}},
	{name: "Foxmail", lead: []string{"From: {n}", "Date: {Y}-02-{d} {H}:{M}", "To: Team", "Subject: Re: Questions"}, html: `<div>{own}</div><div>{sign}</div><hr style="width: 210px; height: 1px;" align="left"><blockquote style="margin-Top: 0px; margin-Bottom: 0px; margin-Left: 0.5em"><div>&nbsp;</div><div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm"><div style="font-size: 12px;background:#efefef;">{lead}</div></div><div>{quote}</div></blockquote>`, only: []string{"en"}},
	{name: "Samsung", lead: []string{"-------- Original message --------", "From: {n} <{a}>", "Date: {d}/02/{Y} {H}:{M} (GMT+01:00)", "To: Team <team@own.example>", "Subject: Re: Questions"}, html: `<html><head></head><body dir="auto"><div dir="auto">{own}</div><div id="composer_signature" dir="auto"><div style="font-size:12px;">{sign}</div></div><div><br></div><div align="left" dir="auto" style="font-size:100%;color:#000000"><div>{lead}</div><div><br></div></div>{quote}</body></html>`, sign: "Sent from my Galaxy", only: []string{"en"}},
	{name: "Samsung in plain text", lead: []string{"<div>-------- Original message --------</div><div>From: {n} <{a}> </div><div>Date: {d}/02/{Y}  {H}:{M}  (GMT+01:00) </div><div>To: Team <team@own.example> </div><div>Subject: Re: Questions </div><div>", "</div>"}, only: []string{"en"}},
	{name: "K-9", lead: []string{"Am {d}. Februar {Y} {H}:{M}:00 MEZ schrieb {n} <{a}>:"}, mark: ">", html: `<!DOCTYPE html><html><head></head><body><div dir="auto">{own}<br>{sign}</div><br><br><div class="gmail_quote"><div dir="auto">{lead}</div><blockquote class="gmail_quote" style="margin: 0pt 0pt 0pt 0.8ex; border-left: 1px solid rgb(204, 204, 204);">{quote}</blockquote></div></body></html>`, sign: "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.", only: []string{"de"}},
	{name: "FairEmail", lead: []string{"2 Feb {Y} {H}:{M}:00 {n} <{a}>:"}, mark: "> ", html: `<html><body><div>{own}</div><br><div>{sign}</div><div fairemail="reference"><p>{lead}</p><blockquote style="margin:0; border-left:3px solid #ccc; padding-left:3px;">{quote}</blockquote></div></body></html>`, only: []string{"en"}},
	{name: "BlackBerry", lead: []string{"-----Original Message-----", "From: {n} <{a}>", "Date: Mon, {d} Feb {Y} {H}:{M}:00", "To: Team<team@own.example>", "Subject: Re: Questions"}, sign: "Sent wirelessly from my BlackBerry device on the Example network", only: []string{"en"}},
	{name: "mail.ru", lead: []string{"Понедельник, {d} февраля {Y}, {H}:{M} +03:00 от {n} <{a}>:"}, mark: ">", html: `<html><body>{own}<br>{sign}<br><blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;">{lead}<br>&nbsp;<div>{quote}</div></blockquote></body></html>`, only: []string{"ru"}},
	{name: "Yandex", lead: []string{"{d}.02.{Y}, {H}:{M}, \"{n}\" <{a}>:"}, mark: "> ", html: `<div>{own}</div><div>&nbsp;</div><div>{sign}</div><div>{lead}</div><blockquote><div>{quote}</div></blockquote>`, only: []string{"ru"}},
	{name: "Seznam", lead: []string{"---------- Původní e-mail ----------", "Od: {n} <{a}>", "Komu: Team <team@own.example>", "Datum: {d}. 2. {Y} {H}:{M}:00", "Předmět: Re: Questions"}, html: `<div>{own}<br>{sign}<br><br><aside>{lead}</aside><br><blockquote data-email="{a}">{quote}</blockquote></div>`, only: []string{"cs"}},
	{name: "Orange", lead: []string{"", "> Message du {d}/02/{Y} {H}:{M}", "> De : \"{n}\" <{a}>", "> A : team@own.example", "> Copie à :", "> Objet : Re: Questions", "> "}, mark: "> ", only: []string{"fr"}},
	{name: "La Poste", lead: []string{"==============================================", "Message du : {d}/02/{Y} {H}:{M}", "De : \"{n}\" <{a}>", "A : team@own.example", "Copie à : ", "Sujet : Re: Questions", ""}, only: []string{"fr"}},
	{name: "Mailspring", lead: []string{"On Feb {d} {Y}, at {H}:{M} am, {n} <{a}> wrote:"}, mark: "> ", html: `<div>{own}</div><signature>{sign}</signature><div class="gmail_quote_attribution">{lead}</div><blockquote class="gmail_quote">{quote}</blockquote>`, sign: "Sent from Mailspring", only: []string{"en"}},
	{name: "an answer in three lines", lead: []string{"On Mon, Feb {d},", "{Y} at {H}:{M} AM {n}", "<{a}> wrote:"}, mark: "> ", only: []string{"en"}},
	{name: "schrieb without a colon", lead: []string{"{n} schrieb", "", "Von: {n} <{a}>", "Gesendet: Montag, {d}. Februar {Y} {H}:{M}", "An: Team", "Betreff: AW: Fragen"}, only: []string{"de"}},
	{name: "schrieb over an indented quote", lead: []string{"{n} schrieb am {d}.02.{Y} um {H}:{M}:"}, mark: "    ", only: []string{"de"}},
	{name: "a header of date and recipient", lead: []string{"Date: Mon, {d} Feb {Y} {H}:{M}:00 +0100", "To: team@own.example"}, mark: "> ", only: []string{"en"}},
	{name: "a desk for customers", lead: []string{"##- Please type your reply above this line -##", "", "{n}, Feb {d}, {H}:{M} AM", ""}, only: []string{"en"}},
	{name: "Nextcloud", lead: []string{"{d}. Februar {Y} {H}:{M}, \"{n}\" <{a}> schrieb:"}, mark: "> ", only: []string{"de"}},
}
