package reply

// The words in this file are those that mail programs write into answers, not
// those that people write: the labels above a quoted mail, the verb of the line
// above a quote, the phrase between dashes, the line that a telephone adds. They
// come from the translations of Gmail, Outlook, Apple Mail, Thunderbird, Yahoo,
// Samsung and others as seen in mails from them, and from comparing what public
// parsers of answers know about (facts only). Everything is in lower case.

// label says which header field a label stands for.
type label uint8

const (
	noLabel label = iota
	labelFrom
	labelDate
	labelTo
	labelCc
	labelSubject
	labelOther // reply-to, importance, attachments: goes with the others, proves nothing
	labelKinds
)

var labels = table([]words[label]{
	{labelFrom, "from|von|de|da|van|från|fra|lähettäjä|od|nadawca|odesílatel|odosielateľ|feladó|de la|šalje|šalje se od|pošiljatelj|от|от кого|від|від кого|από|kimden|gönderen|من|מאת|از|فرستنده|差出人|送信者|发件人|寄件者|寄件人|發件人|보낸 사람|보낸사람|từ|người gửi|dari|pengirim|saatja|kellelt|nuo|siuntėjas|no|sūtītājs|remitente|mittente|expéditeur|absender|afzender|afsender|avsender|avsändare|remetente|expeditor|відправник|отправитель|подател|frá|จาก|de part de|prejeto od|пошиљалац|пошиљатељ|oddano"},
	{labelDate, "date|sent|sent on|sent at|received|datum|gesendet|gesendet am|datum/uhrzeit|date d'envoi|envoyé|envoyé le|envoyé à|enviado|enviado el|enviado em|enviada em|enviada|enviat|fecha|data|data/hora|inviato|data invio|data e ora|verzonden|verstuurd|datum verzonden|skickat|skickades|skickad|dato|sendt|sendt den|päivämäärä|päiväys|lähetetty|aika|wysłano|wysłane|odesláno|odoslané|odoslaná|dátum|elküldve|küldve|küldés dátuma|küldés ideje|idő|dată|trimis|expediat|poslano|poslato|datum slanja|дата|отправлено|дата отправки|надіслано|відправлено|изпратено|ημερομηνία|ημ/νία|στάλθηκε|ημ/νια|tarih|gönderildi|gönderilme tarihi|gönderim|التاريخ|تاريخ الإرسال|تم الإرسال|أُرسلت|נשלח|תאריך|בתאריך|تاریخ|ارسال شده|日時|送信日時|日付|送信|发送时间|发送日期|时间|日期|發送時間|寄件日期|傳送日期|發送日期|時間|보낸 날짜|날짜|보냄|ngày|thời gian|đã gửi|gửi|tanggal|dikirim|terkirim|tarikh|dihantar|saadetud|kuupäev|išsiųsta|datums|nosūtīts|nosūtīšanas datums|dagsetning|วันที่|ส่ง|датум|послато"},
	{labelTo, "to|an|à|a|para|per a|aan|till|til|vastaanottaja|kenelle|do|dla|adresat|komu|pro|címzett|către|catre|prima|za|кому|до|προς|kime|alıcı|إلى|الى|אל|ל|به|گیرنده|宛先|收件人|收件者|받는 사람|받는사람|đến|tới|người nhận|kepada|ke|untuk|kellele|saaja|kam|adresāts|gavėjas|destinatario|destinatari|destinataire|empfänger|ontvanger|mottagare|modtager|mottaker|destinatário|destinatar|получатель|отримувач|за|ถึง|nori|viðtakandi"},
	{labelCc, "cc|bcc|kopie|copie|copie à|copia|con copia|cópia|kopia|kopi|kopio|dw|udw|do wiadomości|másolat|másolatot kap|copie|kopija|копия|копія|копие|κοιν|κοινοποίηση|bilgi|نسخة|نسخة إلى|עותק|העתק|رونوشت|抄送|副本|副本抄送|참조|đồng kính gửi|tembusan|salinan|koopia|kopija|afrit|สำเนา|копија|skryta kopie|cci|cco|ccn|kk|gizli|in copia|kópia|skrytá kópia|preposlané"},
	{labelSubject, "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|otsikko|temat|předmět|predmet|tárgy|subiect|naslov|zadeva|тема|относно|предмет|θέμα|konu|الموضوع|נושא|הנדון|موضوع|件名|主题|主題|标题|標題|제목|chủ đề|tiêu đề|subjek|perihal|subyek|teema|pealkiri|tema|temats|efni|หัวข้อ|เรื่อง|assumpte|gaia|наслов|titel"},
	{labelOther, "reply-to|reply to|antwort an|antworten an|répondre à|responder a|rispondi a|antwoord aan|svar til|svara till|importance|priority|wichtigkeit|priorität|prioriteit|importancia|importanza|attachments|anlagen|anhänge|pièces jointes|adjuntos|archivos adjuntos|datos adjuntos|allegati|bijlagen|anexos|bilagor|vedhæftede filer|message-id|newsgroups|organization|mailed-by|signed-by|resent-from|sensitivity|via|list|in-reply-to|references|categories|kategorien|size"},
})

// verb says what a word for "wrote" demands of its surroundings.
type verb uint8

const (
	verbEnd   verb = 1 << iota // the name stands before it: it ends the line
	verbInner                  // the name may stand after it: the line ends in a colon
)

var verbs = table([]words[verb]{
	{verbEnd | verbInner, "wrote|writes|skrev|schreef|schrieb|schreibt|kirjoitti|escribió|escribio|escreveu|napsal|napsal(a)|napísal|napísal(a)|napisał|napisał(a)|pisze|написал|написал(а)|пишет|написав|написав(ла)|kirjutas|scris|napisao|napisala|geschrieben|geschreven|rašė|rakstīja|viết|menulis|כתב|كتب|έγραψε|skrifaði|shkroi"},
	{verbEnd, "napsala|napísala|napisała|написала|написала(в)|пише|писал|yazdı|yazmış|yazıyor|scritto|écrit|écrivit|écrivait|írta|napisao/la|escrigué|escriure|idatzi|escribiu|كتبت|כתבה|נכתב|نوشت|نوشته|напиша|tulis|เขียน|följande|følgende|folgendes|scrisse|напісаў|напісала|написао|написао/ла|написа|напишал"},
	{verbInner, "napisana|scrive|geantwortet|répondu|respondió"},
})

// verbParts are words for "wrote" in scripts without spaces, and phrases.
var verbParts = []string{
	"写道", "寫道", "写了", "书写", "的邮件", "来信", "來信", "のメール", "書きました", "さんは", "作成", "작성", "님이 쓴", "님의 말", "썼습니다", "เขียน", "લખ્યું", "ने लिखा", "লিখেছেন", "எழுதிய", "a écrit", "ha scritto", "đã viết",
}

// intros begin the line above a quote.
var intros = set("on|am|excerpts|le|el|il|em|op|den|på|dne|dňa|dnia|w|wiadomość|v|в|во|пн|вт|ср|чт|пт|сб|вс|нд|στις|την|a|à|az|ekkor|în|pe|la|u|dana|la data|ke|kl|kuupäeval|datą|pada|vào|في|ב|בתאריך|ב-|در|ב־|тарихинде|at|le:|il giorno|op:|el:|le|em:|em|no|pada|ngày|ti|ma|pe|pe,|to|su|la|ke|to|ons|tor|fre|lör|sön|mån|tis|man|tir|lør|søn|mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lunes|martes|miércoles|jueves|viernes|sábado|domingo|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|pondělí|úterý|středa|čtvrtek|pátek|sobota|neděle|tarihinde|quoting|citando|zitat|citerar|från|von|from|citat|message|quote|dana|dňa|петак|дана|na|dia|dn|den:")

// saidWords begin a sentence in which a person says who wrote something.
var saidWords = set("as|like|what|when|since|because|while|if|but|and|he|she|they|we|i|it|wie|was|als|weil|wenn|ich|wir|comme|quand|elle|nous|je|como|cuando|zoals|toen|hij|ik")

// leadWords are the other words of such lines, which are no words of a sentence.
var leadWords = set("przez|napisana|napisany|napísaná|dniu|godz|godzinie|dia|del|les|las|los|het|volgende|følgende|följande|folgendes|the|following|mailto|von|van|der|den|das|ang|alle|ore|ora|klo|kello|kell|saat|tarihinde|dnia|roku|vers|via|behalf|from|message|sent|pada|pukul|klokken|uur|uhr|hod|jam|giorno|scritto|così|excerpts|email|mail|person|persona|kullanıcısı|şunu|şunları|úra|időpontban|dátummal|idővel|ezt|írta|data|utc|gmt|kuupäeval|плюс|года|пользователь|користувач|від|дата|потребител|στις|ώρα")

// originals stand between dashes above a mail that is answered.
var originals = set("original message|replied message|回复的原邮件|回复的邮件|回覆的郵件|邮件原文|原文|原件|antwort nachricht|antwortnachricht|reply message|previous message|original email|original e-mail|original mail|originalmessage|original appointment|ursprüngliche nachricht|ursprungliche nachricht|originalnachricht|original-nachricht|ursprüngliche mail|ursprüngliche e-mail|ursprünglicher termin|urspr. nachricht|message d'origine|message d’origine|message original|message initial|mail original|e-mail d'origine|mensaje original|correo original|mensaje anterior|messaggio originale|messaggio original|mail originale|mensagem original|mensagem anterior|mensaxe orixinal|missatge original|oorspronkelijk bericht|oorspronkelijke bericht|oorspronkelijke mail|origineel bericht|ursprungligt meddelande|ursprungsmeddelande|originalmeddelande|ursprungligt e-postmeddelande|oprindelig meddelelse|oprindelig besked|den oprindelige meddelelse|opprinnelig melding|original melding|opprinnelig e-post|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|wiadomość pierwotna|původní zpráva|původní e-mail|pôvodná správa|eredeti üzenet|üzenet eredeti|mesaj original|mesajul original|mesajul inițial|originalna poruka|izvorna poruka|izvirno sporočilo|originalno sporočilo|исходное сообщение|первоначальное сообщение|оригинальное сообщение|пересылаемое письмо|исходное письмо|первоначальное письмо|початкове повідомлення|вихідне повідомлення|оригінальне повідомлення|оригинално съобщение|первісне повідомлення|αρχικό μήνυμα|orijinal ileti|orijinal mesaj|özgün ileti|orjinal mesaj|özgün mesaj|الرسالة الأصلية|رسالة أصلية|ההודעה המקורית|הודעה מקורית|پیام اصلی|元のメッセージ|オリジナルメッセージ|元のメール|原始邮件|原邮件|原始信件|原始郵件|原始訊息|原郵件|原始消息|원본 메시지|원본 메일|원본메시지|thư gốc|tin nhắn gốc|tin nhắn ban đầu|pesan asli|mesej asal|algne kiri|algne sõnum|algteade|sākotnējais ziņojums|pradinis laiškas|pradinis pranešimas|upprunaleg skilaboð|ข้อความต้นฉบับ|jatorrizko mezua|оригинална порука|mesazhi origjinal|ursprüngliche nachricht von|původní zpráva od")

// forwards stand between dashes, or alone before a colon, above a mail that is
// passed on.
var forwards = set("forwarded message|转发的原邮件|forwarded mail message|forwarded email|forwarded e-mail|forwarded mail|begin forwarded message|start of forwarded message|forwarded|forwarded by|fwd|weitergeleitete nachricht|anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|weitergeleitete e-mail|weitergeleitet|weitergeleitet von|beginn der weitergeleiteten nachricht|message transféré|message transmis|message réexpédié|début du message réexpédié|début du message transféré|transféré par|mensaje reenviado|mensaje renviado|inicio del mensaje reenviado|reenviado por|correo reenviado|messaggio inoltrato|inizio messaggio inoltrato|inoltrato da|inizio del messaggio inoltrato|mensagem encaminhada|mensagem reencaminhada|início da mensagem reencaminhada|início da mensagem encaminhada|encaminhado por|doorgestuurd bericht|begin doorgestuurd bericht|doorgestuurde bericht|begin van doorgestuurd bericht|doorgestuurd door|vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat mejl|vidarebefordrat mail|vidarebefordrat e-postmeddelande|start på vidarebefordrat brev|videresendt meddelelse|videresendt besked|start på videresendt besked|begyndelsen på den videresendte besked|videresendt melding|videresendt e-post|start på videresendt melding|begynnelsen på videresendt melding|videresendt|välitetty viesti|edelleenlähetetty viesti|välitetty viesti alkaa|välitetyn viestin alku|edelleenlähetetty viesti alkaa|przesłana wiadomość|wiadomość przekazana|przekazana wiadomość|początek przekazywanej wiadomości|początek przesyłanej wiadomości|początek wiadomości przekazanej dalej|treść przekazanej wiadomości|przeposlaná zpráva|přeposlaná zpráva|předaná zpráva|začátek přeposílané zprávy|začátek přeposlané zprávy|předáno|preposlaná správa|začiatok preposlanej správy|prepošlaná správa|začiatok preposielanej správy|továbbított üzenet|továbbított levél|továbbított üzenet kezdete|a továbbított levél kezdete|a továbbított üzenet kezdete|mesaj redirecționat|mesaj redirectionat|mesaj transmis|mesaj retransmis|mesaj înaintat|începutul mesajului redirecționat|începe mesajul redirecționat|proslijeđena poruka|prosljeđena poruka|početak proslijeđene poruke|preusmjerena poruka|početak prosljeđene poruke|posredovano sporočilo|začetek posredovanega sporočila|прослеђена порука|переслане повідомлення|пересланное сообщение|пересылаемое сообщение|пересланное письмо|начало переадресованного сообщения|начало пересылаемого сообщения|пересылаемое письмо|перенаправленное сообщение|початок листа, що пересилається|повідомлення, що пересилається|лист, що пересилається|перенаправлене повідомлення|пересланий лист|переслано|препратено съобщение|начало на препратеното съобщение|препратено писмо|προωθημένο μήνυμα|αρχή προωθημένου μηνύματος|έναρξη προωθημένου μηνύματος|iletilen mesaj|yönlendirilmiş ileti|iletilen ileti|iletilmiş mesaj|iletilmiş ileti|başlangıç yönlendirilen ileti|iletilen e-posta başlangıcı|i̇letilmiş mesaj|i̇letilen mesaj|i̇letilen ileti|i̇leti başlangıcı|رسالة معاد توجيهها|الرسالة المحولة|بداية الرسالة المحولة|رسالة محولة|بداية الرسالة المعاد توجيهها|הודעה שהועברה|הודעה מועברת|תחילת הודעה שהועברה|תחילת ההודעה שהועברה|پیام ارسال شده|転送されたメッセージ|転送メッセージ|転送されたメール|转发的邮件|转发邮件|转发的消息|被转发的邮件|转发邮件信息|轉寄的訊息|轉寄郵件|轉寄的郵件|已轉寄郵件|已转发邮件|下面是被转发的邮件|开始转发的邮件|전달된 메시지|전달된 메일|전달한 메시지|전달한 메일|thư đã chuyển tiếp|thư chuyển tiếp|tin nhắn được chuyển tiếp|pesan terusan|pesan yang diteruskan|mesej yang dimajukan|edastatud kiri|edastatud sõnum|pārsūtīts ziņojums|pārsūtītais ziņojums|persiųstas laiškas|persiunčiamas laiškas|persiųsta žinutė|missatge reenviat|áframsent bréf|birtzalitako mezua|ข้อความที่ส่งต่อ|mensaxe reenviada|i̇letilen posta")

// forwardPrefixes begin the subject of a forward and never that of an answer.
var forwardPrefixes = set("fw|fwd|wg|tr|rv|i|enc|vb|vl|pd|vs|doorst|inoltro|inoltra|redir|rif|videresend|továbbítás|tov|fs|i̇lt|ilt|iletilen|přep|prepo|pren|fp|przek|weitergeleitet|转发|轉寄|轉發|転送|전달|пересл|пер|перес|на|π|προώθ|προωθ|הועבר|إعادة توجيه|توجيه|bls|vidarebefordrat|välit|reenv|reenviar|encaminhado|trans|trs|doorgestuurd|redirecționare|redirectionat|redirecționat|proslijeđeno|proslijedi|prosl|posr|fwd[1]|fw[1]|továbbított|přeposláno|chuyển tiếp|terusan|pd.|переслати|prp|fó|edastatud|pārs|pārsūt|vd|tr.")

// answerPrefixes begin the subject of an answer.
var answerPrefixes = set("re|aw|sv|antw|antwort|res|rif|odp|odg|vá|vs|ynt|r|回复|回覆|答复|答覆|返信|回|رد|השב|תשובה|απ|σχετ|ответ|отв|hsv|ref|re[2]|atb|bls|tl|trả lời|balasan|bls|cvb|vast|atsakymas|at|რე|ati|ynt.|yan|回信|답장|회신|відп|відповідь|odpověď|odpoveď|răspuns|răsp|dg|otg|отг|resp|rép|réf|betr|vp|svar")
