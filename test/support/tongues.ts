/** Sentences as users and assistants write them, by language: none of them was used to make the profiles. */
export const tongues: Readonly<Record<string, readonly string[]>> = {
  en: [
    'The weather was so bad that we stayed at home all day.',
    'Could you send me the report before Friday?',
  ],
  de: [
    'Das Wetter war so schlecht, dass wir den ganzen Tag zu Hause blieben.',
    'Können Sie mir den Bericht vor Freitag schicken?',
  ],
  fr: [
    'Il faisait si mauvais que nous sommes restés à la maison toute la journée.',
    'Pouvez-vous m’envoyer le rapport avant vendredi ?',
  ],
  es: [
    'Hacía tan mal tiempo que nos quedamos en casa todo el día.',
    '¿Podría enviarme el informe antes del viernes?',
  ],
  it: [
    'Il tempo era così brutto che siamo rimasti a casa tutto il giorno.',
    'Potrebbe inviarmi la relazione prima di venerdì?',
  ],
  pt: [
    'O tempo estava tão ruim que ficamos em casa o dia todo.',
    'Você poderia me enviar o relatório antes de sexta-feira?',
  ],
  nl: [
    'Het weer was zo slecht dat we de hele dag thuis bleven.',
    'Kunt u mij het verslag voor vrijdag sturen?',
  ],
  sv: [
    'Vädret var så dåligt att vi stannade hemma hela dagen.',
    'Kan du skicka rapporten till mig före fredag?',
  ],
  da: [
    'Vejret var så dårligt, at vi blev hjemme hele dagen.',
    'Vil du være sød at sende mig rapporten inden fredag?',
  ],
  no: [
    'Været var så dårlig at vi ble hjemme hele dagen.',
    'Kan du sende meg rapporten før fredag, er du snill?',
  ],
  fi: [
    'Sää oli niin huono, että jäimme kotiin koko päiväksi.',
    'Voisitko lähettää minulle raportin ennen perjantaita?',
  ],
  pl: [
    'Pogoda była tak zła, że cały dzień zostaliśmy w domu.',
    'Czy możesz wysłać mi raport przed piątkiem?',
  ],
  cs: ['Počasí bylo tak špatné, že jsme zůstali celý den doma.', 'Můžete mi poslat zprávu do pátku?'],
  hu: [
    'Olyan rossz idő volt, hogy egész nap otthon maradtunk.',
    'El tudná küldeni nekem a jelentést péntek előtt?',
  ],
  ro: [
    'Vremea a fost atât de rea, încât am stat acasă toată ziua.',
    'Îmi puteți trimite raportul până vineri?',
  ],
  tr: ['Hava o kadar kötüydü ki bütün gün evde kaldık.', 'Raporu bana cumadan önce gönderebilir misiniz?'],
  id: [
    'Cuacanya sangat buruk sehingga kami tinggal di rumah sepanjang hari.',
    'Bisakah Anda mengirimkan laporan itu sebelum hari Jumat?',
  ],
  vi: [
    'Thời tiết xấu đến mức chúng tôi ở nhà cả ngày.',
    'Bạn có thể gửi cho tôi báo cáo trước thứ Sáu không?',
  ],
  ru: [
    'Погода была такой плохой, что мы весь день оставались дома.',
    'Не могли бы вы прислать мне отчёт до пятницы?',
  ],
  uk: [
    'Погода була такою поганою, що ми весь день залишалися вдома.',
    'Чи не могли б ви надіслати мені звіт до п’ятниці?',
  ],
  bg: [
    'Времето беше толкова лошо, че останахме вкъщи през целия ден.',
    'Бихте ли ми изпратили доклада преди петък?',
  ],
  ar: ['كان الطقس سيئا لدرجة أننا بقينا في المنزل طوال اليوم.', 'هل يمكنك إرسال التقرير إلي قبل يوم الجمعة؟'],
  fa: [
    'هوا آنقدر بد بود که تمام روز را در خانه ماندیم.',
    'آیا می‌توانید گزارش را قبل از جمعه برای من بفرستید؟',
  ],
  ur: ['موسم اتنا خراب تھا کہ ہم سارا دن گھر پر رہے۔', 'کیا آپ مجھے جمعہ سے پہلے رپورٹ بھیج سکتے ہیں؟'],
  el: ['Ο καιρός ήταν τόσο κακός που μείναμε στο σπίτι όλη μέρα.'],
  he: ['מזג האוויר היה כל כך גרוע שנשארנו בבית כל היום.'],
  th: ['อากาศแย่มากจนเราอยู่บ้านทั้งวัน'],
  hi: ['मौसम इतना खराब था कि हम सारा दिन घर पर रहे।'],
  ko: ['날씨가 너무 나빠서 우리는 하루 종일 집에 있었습니다.'],
  ja: ['天気がとても悪かったので、私たちは一日中家にいました。', '金曜日までに報告書を送っていただけますか?'],
  zh: ['天气太糟糕了,我们整天都待在家里。', '您能在星期五之前把报告发给我吗?'],
};
