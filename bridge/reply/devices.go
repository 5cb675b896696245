package reply

import "slices"

// deviceStarts begin the line that a telephone, a tablet or a mail program puts
// below a mail. Source: the default signatures of iOS, Android mail apps, Outlook,
// Samsung, BlackBerry, Yahoo and Windows in their translations.
var deviceStarts = []string{
	"sent wirelessly", "sent from my ", "sent from ", "yahoo mail: ", "aol mail: ", "get bluemail", "get mailspring", "get spark", "get aqua mail", "get typeapp", "send from ", "send by ", "sent via ", "sent using ", "sent with ", "sent on the go", "sent on my", "composed on ", "written on my ", "typed on ", "get outlook for ", "download outlook for ", "sent by ", "this email was sent from my", "sent through ",
	"von meinem ", "gesendet mit ", "gesendet von ", "gesendet über ", "gesendet aus ", "versendet mit ", "diese nachricht wurde von ", "diese nachricht wurde mit ", "outlook für ", "holen sie sich outlook für ", "gesendet vom ", "verfasst mit ",
	"envoyé sans fil", "message envoyé de", "message envoyé depuis", "envoyé de ", "envoyé depuis ", "envoyé avec ", "envoyé à partir ", "envoyé par ", "envoyé via ", "obtenez outlook pour ", "obtenir outlook pour ", "télécharger outlook pour ", "téléchargez outlook pour ", "envoyée depuis ", "provenance : courrier",
	"enviado desde ", "enviado de ", "enviado do ", "enviado da ", "enviado pelo ", "enviado con ", "enviado com ", "enviado por ", "enviado a partir ", "enviado através ", "obtener outlook para ", "obter outlook para ", "obter o outlook para ", "enviado mediante ", "descargar outlook para ", "enviada do ", "enviat des ", "enviat del ",
	"inviato da ", "inviato dal ", "inviato con ", "inviato tramite ", "ottieni outlook per ", "scarica outlook per ", "inviata da ",
	"verzonden vanuit ", "verstuurd vanuit ", "verzonden vanaf ", "verstuurd vanaf ", "verzonden met ", "verzonden via ", "verstuurd met ", "verstuurd via ", "verzonden van ", "verstuurd van ", "outlook voor ", "download outlook voor ",
	"skickat från ", "skickades från ", "hämta outlook för ", "skickat via ", "skickat med ", "skaffa outlook för ",
	"sendt fra ", "sendt via ", "sendt med ", "hent outlook til ", "hent outlook for ", "få outlook for ", "sendt frå ", "download outlook til ",
	"lähetetty ", "hanki outlook ",
	"wysłane z ", "wysłano z ", "wysłane przez ", "wysłano za ", "pobierz aplikację outlook ", "pobierz outlook", "wiadomość wysłana z ",
	"odesláno z ", "odesláno ze ", "odoslané z ", "odoslané zo ", "získat outlook pro ", "získajte outlook", "stáhnout outlook", "posláno z ", "poslané z ", "odesláno pomocí ",
	"küldve ", "elküldve ", "az outlook ", "trimis de pe ", "trimis din ", "obțineți outlook ", "trimis cu ",
	"poslano s ", "poslano z ", "poslano iz ", "poslato sa ", "послато са ", "preuzmite outlook",
	"отправлено с ", "отправлено из ", "отправлено со ", "отправлено через ", "скачать outlook", "получить outlook", "надіслано з ", "надіслано із ", "відправлено з ", "отримати outlook", "изпратено от ", "изпратено с ", "отправлено от ",
	"στάλθηκε από ", "εστάλη από ", "λήψη του outlook", "αποστολή από ", "gönderen:", "أرسلت من ", "تم الإرسال من ", "مرسل من ", "أُرسلت من ", "الحصول على outlook", "נשלח מ", "להורדת outlook", "ارسال شده از ", "فرستاده شده از ",
	"发自我的", "發自我的", "发自", "發自", "来自我的", "從我的", "从我的", "寄自我的", "傳送自", "发送自", "获取 outlook", "取得 outlook", "下载 outlook", "나의 ", "내 ", "네이버 ", "다음메일", "보낸 사람 ", "outlook 다운로드", "được gửi từ ", "đã gửi từ ", "gửi từ ", "tải outlook", "dikirim dari ", "terkirim dari ", "dihantar daripada ", "dapatkan outlook ", "saadetud minu ", "nosūtīts no ", "išsiųsta iš ", "sent frá ", "sent úr ", "bidalia nire", "ส่งจาก",
}

// deviceStart has them by their first byte.
var deviceStart = byFirst(deviceStarts)

// deviceEnds end it in languages that put the verb last.
var deviceEnds = []string{
	"gesendet", "geschickt", "verschickt", "versendet", "herunterladen", "beziehen", "gönderildi", "gönderilmiştir", "yollandı", "edinin", "indirin", "küldve", "küldtem", "beszerzése", "letöltése", "から送信", "より送信", "送信", "を入手", "보냄", "보낸 메일", "에서 보냄", "에서 발송", "传送", "傳送", "发送", "傳送的", "发出", "發送", "verzonden", "verstuurd", "sent", "lähetetty", "saadetud", "から送信されました", "に iphone から送信", "bidalia", "skickat", "sendt",
}

// deviceNames are devices, programs and words for them.
var deviceNames = []string{
	"iphone", "ipad", "ipod", "apple watch", "android", "samsung", "galaxy", "blackberry", "htc", "nokia", "huawei", "xiaomi", "oneplus", "motorola", "pixel", "sony", "xperia", "lumia", "windows phone", "windows", "nexus", "droid", "lg ", "oppo", "vivo", "honor", "treo", "palm",
	"outlook", "yahoo", "gmail", "mailbox", "mail", "thunderbird", "proton", "spark", "newton", "polymail", "superhuman", "airmail", "k-9", "k9", "bluemail", "mailspring", "nylas", "missive", "hey ", "zoho", "tutanota", "aol", "web.de", "gmx", "office", "sparrow", "front", "edison", "mobil", "phone", "smartphone", "handheld", "tablet", "wireless", "telefon", "téléphone", "teléfono", "telefono", "telefone", "telemóvel", "celular", "móvil", "handy", "cellulare", "puhelim", "телефон", "смартфон", "планшет", "мобил", "мобіл", "айфон", "iphonu", "手机", "手機", "スマートフォン", "携帯", "휴대폰", "điện thoại", "ponsel", "τηλέφωνο", "κινητό", "هاتف", "جوال", "הנייד", "テーブル", "verizon", "t-mobile", "sprint", "at&t", "vodafone", "komórk", "mobiln", "dispositivo", "appareil", "gerät", "enhed", "enhet", "urządzeni", "device", "desktop", "ios", "mac", "laptop", "email", "pc",
}

// secretWords and recipientWords stand together in legal small print.
var secretWords = []string{
	"confidential", "privileged", "disclaimer", "vertraulich", "confidentiel", "confidencial", "confidenciais", "riservat", "confidenzial", "vertrouwelijk", "konfidentiell", "fortrolig", "luottamuksell", "poufn", "důvěrn", "dôvern", "bizalmas", "confidenți", "povjerljiv", "poverljiv", "zaupn", "конфиденциальн", "конфіденційн", "поверителн", "εμπιστευτικ", "gizli", "سري", "חסוי", "機密", "机密", "保密", "기밀", "bí mật", "rahasia",
}

var recipientWords = []string{
	"intended", "recipient", "addressee", "in error", "by mistake", "unauthori", "empfänger", "irrtümlich", "adressat", "destinataire", "destinatari", "destinatário", "por error", "per errore", "par erreur", "geadresseerde", "bestemd", "ontvanger", "mottagare", "mottaker", "modtager", "vastaanottaj", "adresat", "příjemc", "adresát", "príjemc", "címzett", "primatelj", "primaoc", "naslovnik", "получател", "адресат", "отримувач", "παραλήπτ", "alıcı", "المستلم", "הנמען", "受取人", "宛先", "收件人", "受信", "수신", "người nhận", "penerima",
}

// footers begin notices of lists, sites and scanners.
var footers = []string{
	"to unsubscribe", "you received this message because", "you are receiving this because", "reply to this email directly", "view it on github", "unsubscribe from", "please consider the environment", "think before you print", "this email has been checked for viruses", "this email has been scanned", "virus-free", "diese e-mail wurde von avast", "virenfrei", "l'absence de virus", "cet e-mail a été vérifié", "bitte denken sie an die umwelt", "pensez à l'environnement", "no virus found in this", "this message has been scanned", "this communication is confidential", "você recebeu essa mensagem porque", "vous recevez ce message", "sie erhalten diese nachricht, weil", "este mensaje ha sido analizado", "libre de virus", "p please consider", "you are subscribed to", "antes de imprimir", "av antivirus",
}

// bannerWords begin a warning about mail from outside, outsideWords stand in it.
var bannerWords = []string{
	"external", "caution", "warning", "attention", "achtung", "warnung", "extern", "externe", "vorsicht", "externo", "esterna", "esterno", "attenzione", "cuidado", "atención", "atenção", "let op", "waarschuwing", "this email originated", "this message originated", "diese e-mail kommt von", "this email was sent from outside", "you don't often get email from", "sie erhalten nicht oft e-mails von", "vous ne recevez pas souvent", "no suele recibir correos", "u ontvangt niet vaak", "some people who received this message don't often get email", "varning", "advarsel", "uwaga", "upozornění", "figyelem", "внимание", "увага", "注意", "外部",
}

var outsideWords = []string{
	"external", "outside", "originated", "extern", "außerhalb", "extérieur", "esterno", "esterna", "externo", "externa", "buiten", "often get email", "nicht oft e-mails", "pas souvent", "no suele", "niet vaak", "utanför", "udefra", "utenfra", "zewnątrz", "zewnętrz", "mimo", "külső", "внешн", "зовнішн", "外部",
}

// mailWords stand in every such warning.
var mailWords = []string{
	"mail", "message", "sender", "nachricht", "absender", "expéditeur", "correo", "mensaje", "messaggio", "mittente", "mensagem", "remetente", "bericht", "afzender", "meddelande", "avsändare", "besked", "afsender", "melding", "avsender", "wiadomość", "nadawc", "zpráv", "odesílatel", "üzenet", "письмо", "сообщение", "отправител", "лист", "邮件", "郵件", "メール",
}

// signOffs are the phrases that end a letter, without the mark behind them.
var signOffs = set("regards|best|best regards|kind regards|kindest regards|warm regards|warmest regards|with kind regards|with best regards|many regards|cheers|thanks|many thanks|thanks and regards|thanks & regards|thank you|sincerely|yours|yours sincerely|yours truly|yours faithfully|sincerely yours|best wishes|all the best|take care|respectfully|cordially|love|br|rgds|thx|" +
	"mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|mit freundlichem gruss|freundliche grüße|freundliche grüsse|mit besten grüßen|mit besten grüssen|beste grüße|beste grüsse|viele grüße|viele grüsse|liebe grüße|liebe grüsse|herzliche grüße|herzliche grüsse|schöne grüße|grüße|grüsse|gruß|gruss|mfg|lg|vg|bg|hochachtungsvoll|danke|vielen dank|" +
	"cordialement|bien cordialement|très cordialement|bien à vous|bien à toi|salutations|meilleures salutations|sincères salutations|salutations distinguées|amicalement|amitiés|cdlt|cdt|bonne journée|bonne soirée|merci|" +
	"saludos|un saludo|saludos cordiales|atentamente|cordialmente|un abrazo|muchas gracias|gracias|saluti|cordiali saluti|distinti saluti|un saluto|grazie|atenciosamente|cumprimentos|com os melhores cumprimentos|melhores cumprimentos|abraço|abraços|obrigado|obrigada|att|" +
	"met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|groet|groeten|groetjes|hartelijke groet|mvg|bedankt|med vänlig hälsning|med vänliga hälsningar|vänliga hälsningar|hälsningar|mvh|tack|med venlig hilsen|venlig hilsen|mange hilsner|hilsen|med vennlig hilsen|vennlig hilsen|takk|ystävällisin terveisin|terveisin|terv|" +
	"pozdrawiam|z poważaniem|serdecznie pozdrawiam|s pozdravem|s přátelským pozdravem|s pozdravom|üdvözlettel|üdv|tisztelettel|cu stimă|cu respect|lp|srdačan pozdrav|lijep pozdrav|lep pozdrav|s poštovanjem|с уважением|с наилучшими пожеланиями|с найкращими побажаннями|з повагою|поздрави|с уважение|με εκτίμηση|φιλικά|saygılarımla|saygılar|iyi çalışmalar|مع تحياتي|تحياتي|בברכה|敬具|此致|祝好|감사합니다|trân trọng|salam|hormat kami")

// aboveLines stand in the line of programs that take answers by mail: what was said
// before stands below it. answerWords and aboveWords stand together in one.
var (
	aboveLines  = []string{"reply above this line", "reply above the line", "write above this line", "type above this line", "respond above this line", "reply above here", "add your reply above", "your reply above this", "reply all above this line", "above this line to reply", "reply before this line"}
	answerWords = []string{"antwort", "répon", "repon", "respuesta", "responda", "responder", "respond", "antwoord", "reageer", "resposta", "rispost", "rispond", "svar", "odpow", "odpov", "ответ", "válasz", "vastaus", "返信", "回复", "回覆", "yanıt", "cevap"}
	aboveWords  = []string{"oberhalb dieser linie", "oberhalb dieser zeile", "über dieser linie", "über dieser zeile", "über diese zeile", "über diese linie", "au-dessus de cette ligne", "au dessus de cette ligne", "encima de esta línea", "arriba de esta línea", "sobre esta línea", "boven deze lijn", "boven deze regel", "acima desta linha", "acima dessa linha", "sopra questa riga", "sopra questa linea", "ovanför denna rad", "ovanför den här raden", "over denne linje", "over denne linjen", "powyżej tej linii", "nad tuto čár", "nad tento řádek", "выше этой", "e vonal fölé", "tämän viivan yläpuol", "この行より上", "此行上方", "此線上方", "bu satırın üst"}
)

// bannerMore stand in the further lines of such a warning.
var bannerMore = append([]string{
	"click", "link", "attachment", "recogni", "trust", "content", "safe", "open", "report", "phish", "caution", "know", "learn why", "anhäng", "anlagen", "öffnen", "klicken", "vertrau", "pièce", "cliquez", "lien", "adjunt", "enlace", "clic", "allegat", "bijlage", "klik", "anexo", "bilag", "länk", "załącznik", "přílo", "mellékl", "вложен", "ссылк", "添付", "附件",
}, append(slices.Clone(mailWords), outsideWords...)...)
