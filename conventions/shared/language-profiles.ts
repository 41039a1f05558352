/**
 * What gives a language away: its commonest words, and short runs of letters that are common in it and seldom elsewhere
 * (`_` is the border of a word). Only languages that share a script need a profile; the others are known by their letters.
 * Codes are ISO 639-1; `no` is Norwegian Bokmål.
 */
export interface LanguageProfile {
  readonly script: 'latin' | 'cyrillic' | 'arabic';
  readonly words: string;
  readonly runs: string;
}

export const languageProfiles: Readonly<Record<string, LanguageProfile>> = {
  en: {
    script: 'latin',
    words:
      'the of and to in is that it was for on are as with his they at be this have from or had by but what were we ' +
      'when your can said there each which she do how their if will up other about out many then them these so some ' +
      'her would make like him into time has look more go see no way could my than been who its now did get you not',
    runs: 'th _th the he_ ing ing_ ion tion ed_ wh sh _wh ly_ ight ough ould _y ck ee oo ay_',
  },
  de: {
    script: 'latin',
    words:
      'der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat ' +
      'dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis ' +
      'mehr durch man sein wurde sei ich wir ihr ihre kann unter wenn können uns hier mich bitte sehr',
    runs: 'sch ich cht ung ung_ ein _ge gen ten_ en_ er_ ck ß ä ü ö ei_ _ver _be keit lich zu_ tz pf',
  },
  fr: {
    script: 'latin',
    words:
      'le la les de des du un une et est que qui dans pour pas sur plus par je il elle ne se ce avec son sa ses au aux ' +
      'nous vous ils sont mais comme ou si leur être cette ces tout bien été fait même aussi deux où votre notre sans ' +
      'très était avoir faire peut encore quand après on y en lui mon ma mes',
    runs: "ent_ eau aux ou_ que_ tion _qu ai_ ait_ eux oi eur é_ è ê ç œ _d' _l' _c' _qu' _n' ment elle ill",
  },
  es: {
    script: 'latin',
    words:
      'de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin sobre ' +
      'este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué sólo ' +
      'han yo hay vez puede todos así nos ni parte tiene él uno donde bien mismo ese ahora usted gracias cuánto cuándo cómo dónde',
    runs: 'ción ado_ os_ as_ ñ ll _el_ ue ie ndo_ cio dad ó_ á_ í _es cion ar_ rr',
  },
  it: {
    script: 'latin',
    words:
      'di e il la che in un a per è una sono del con non si da le dei nel alla come più ma della i gli al lo ha anche ' +
      'questo delle io se ci o suo dal tutto sua ad hanno essere stato quando ancora solo perché cosa mi quello tra ' +
      'può dopo lei fatto loro nella noi molto bene qui così dalla degli allo sulla chi dove vostro grazie quanto tempo quale',
    runs: "zione gli_ che_ ll tt zz cch ò_ à_ ù_ _gli are_ ato_ ere_ l'_ _dell' _un' gn sc mente_ ono_ ia_",
  },
  pt: {
    script: 'latin',
    words:
      'de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ' +
      'ser quando muito há nos já está eu também quanto quantos só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem ' +
      'nas me esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos obrigado demora tempo',
    runs: 'ção ões_ ão_ ã õ nh lh ç _não _um ê ô ade_ ou_ eir am_ em_ ndo_ mente_',
  },
  nl: {
    script: 'latin',
    words:
      'de en van het een in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit nog worden door naar ' +
      'heeft hebben ze wordt tot je mijn deze over hij wat kan meer al geen haar was zo zou wel moet onder dit die ik we ' +
      'wij u uw ons waar hun jaar kunnen deze veel daar alle werd graag',
    runs: 'ij aa oo ee uu oe _ge sch en_ van_ het_ ijk cht eer ing_ heid oor aar eu ui _ee aan',
  },
  sv: {
    script: 'latin',
    words:
      'och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi så kan när år hon ' +
      'under också efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra mycket än här då ' +
      'sedan över bara in blir upp även vad få två vill ha många hur mer går du din lång tid tar jag hjälpa kunna fråga tack',
    runs: 'å ä ö ar_ och_ att_ för _på tt ck _sk ade_ na_ är _och et_ ll lig sj _tj nde',
  },
  da: {
    script: 'latin',
    words:
      'og i at det som en på er af for med til den har de ikke om et han men var jeg sig fra vi så kan når år hun under ' +
      'også efter eller nu sin der ved mod skal ville kommer ud får blev være havde alle andre meget end her da siden ' +
      'over bare ind bliver op hvad to vil mange hvor mere går du din selv dem hvis noget desværre mig dig hjælpe tager hvordan gerne uge kunne spørgsmål',
    runs: 'æ ø å _af_ _og_ _er_ sk lig _hv ede_ nde ig_ else_ vd _bl eg_ ge_ tilb',
  },
  no: {
    script: 'latin',
    words:
      'og i det er på som en til av for at med ikke den har de om et han men var jeg seg fra vi så kan når år hun under ' +
      'også etter eller nå sin der ved mot skal ville kommer ut får ble være hadde alle andre mye enn her da siden over ' +
      'bare inn blir opp hva to vil mange hvor mer går du din selv dem hvis noe bli oss dessverre meg deg hjelpe tar hvordan gjerne uke kunne spørsmål',
    runs: 'æ ø å _av_ _og_ _er_ kk tt _hv ene_ ig_ else_ øy ei _sk etter nn_ mm sj',
  },
  fi: {
    script: 'latin',
    words:
      'ja on ei se että hän oli en ovat joka kun mutta niin minä sen olla mitä tai vain jos nyt kuin ole hänen mukaan ' +
      'myös joka sitä jotka voi vuonna sekä sinä me te he tämä tämän ollut mikä koska kaikki jo vielä hyvin paljon ' +
      'siitä sitten kanssa jälkeen ennen mukaan voit olen olemme ovatko teidän kiitos kuinka kauan miten missä milloin',
    runs: 'ää yy uu kk ss_ lla llä ssa ssä sta stä ista _ja_ en_ in_ nen_ ään ään_ aa tt ii oi ui ksi',
  },
  pl: {
    script: 'latin',
    words:
      'w i na z się nie do to że jest o a jak po co tak za od ale ma być są przez dla przy oraz tym go by był już tylko ' +
      'może jego które który która także ze jej czy pod jeszcze te bardzo ich kiedy było była sobie mnie mam gdy więc ' +
      'może proszę nas tego można roku jako została oni twoje dziękuję',
    runs: 'ł ą ę ż ź ś ć ń sz cz rz dz _prz ie_ ego_ ych_ owa nie_ _się ów_ ski zy',
  },
  cs: {
    script: 'latin',
    words:
      'a je se na v to že s z do o i ve jako pro ale jsem by si tak po jeho k které který která není byl ze být od jsou ' +
      'za už co jak nebo ty jen také při až mezi podle roku jsme může má bylo která jejich však první tím kde toho ' +
      'ještě této bude budou tento jsou pokud velmi prosím děkuji',
    runs: 'ě š č ř ž ů ý á í ou_ _př ní_ ch_ ého_ ské ost ení_ _ne at_ _se_ ů_',
  },
  hu: {
    script: 'latin',
    words:
      'a az és hogy nem is egy ez azt ha van meg el csak de volt már még kell mint vagy ki aki lesz minden mert nagyon ' +
      'ami lehet után sem fel majd így akkor most ezt amely szerint itt ott úgy több két nincs tud ön kérem köszönöm ' +
      'lett általában között volna magyar hanem során pedig',
    runs: 'sz gy ő ű ny ly cs zs _az_ ás és _meg ban ben ság ség nak nek ek_ ok_ tt_ ó_ ú',
  },
  ro: {
    script: 'latin',
    words:
      'și de a în la cu o nu pe este să un din care că mai sunt pentru se au lui am ce fi ca ale fost al dar era sau ' +
      'prin după ei îi până dacă foarte toate acest această între când cum doar fără lor iar ar poate avea către asupra ' +
      'eu noi voi dumneavoastră mulțumesc face trebuie',
    runs: 'ă â î ș ț ul_ lui_ ea_ ții_ are_ este_ ător ile_ _în _că _să ii_ oa ie_ ş ţ',
  },
  tr: {
    script: 'latin',
    words:
      've bir bu da de için ile çok olarak daha ne ki o gibi var kadar sonra ama en olan her mi ben değil onun ya diye ' +
      'sen biz siz olduğu zaman şey iki mı nasıl hiç şimdi ise veya ancak tüm böyle bana beni size olduğunu lütfen ' +
      'oldu yok iyi yeni önce göre tarafından teşekkür',
    runs: 'ı ş ğ lar ler lar_ ler_ ın_ in_ dır dir mak mek yor ü ö _bir _ve_ ında inde ç iyor sı',
  },
  id: {
    script: 'latin',
    words:
      'yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena ada mereka kami kita sudah atau ' +
      'dia bisa telah oleh sebagai adalah seperti hanya lebih orang bahwa tahun anda kepada harus dapat banyak para ' +
      'secara setelah ia saat sangat belum masih jika namun tersebut bagi terima kasih',
    runs: 'ang_ ng_ an_ kan_ _ber _me men _ter _pe nya_ kan lah_ _di _ke ah_ ny _se aan at_ ung',
  },
  vi: {
    script: 'latin',
    words:
      'và của là có không được cho một các người trong với này những đã khi để tôi về đến từ như ra cũng còn nhưng nhiều ' +
      'năm sẽ đó bị vào làm lại ông phải rất anh trên sau thì nếu bạn chúng ta ngày hay mà nó theo tại hơn việc xin cảm ơn bao',
    runs: 'ư ơ đ ă ạ ả ấ ầ ậ ế ề ệ ị ộ ớ ờ ợ ụ ủ ứ ừ ữ ng_ nh_ _th _tr _nh _kh',
  },
  ru: {
    script: 'cyrillic',
    words:
      'и в не на что я с он как это по но из к у за от так же все бы о то его для вы мы она они был только если или ещё ' +
      'уже когда при быть до нет был была были может ваш вас мне меня есть чтобы этого также после можно очень году ' +
      'который где время времени сколько почему пожалуйста спасибо',
    runs: 'ы э ё ъ ого_ ться тся ает ет_ ый_ ий_ ость ение что_ _по_ ия_ ой_',
  },
  uk: {
    script: 'cyrillic',
    words:
      'і в не на що я з він як це по але із до у за від так же все би про то його для ви ми вона вони був тільки якщо або ' +
      'ще вже коли при бути та є була були може ваш вас мені мене щоб цього також після можна дуже році який де час скільки чому ' +
      'будь ласка дякую й',
    runs: 'і ї є ґ _і_ _та_ ння ість _що ою_ ться ають ого_ ії_ ий_ _від',
  },
  bg: {
    script: 'cyrillic',
    words:
      'и на да се в за от не с е по че са със до като това но той които ще си при или ни му има към те след бе беше най ' +
      'може колко защо много само още ли ви аз също през тази този как когато който защото така бъде вас моля благодаря година две ' +
      'би което всички',
    runs: 'ъ ът_ та_ то_ ите_ ата_ ява_ _на_ _да_ _се_ щ ски ия_ ква',
  },
  ar: {
    script: 'arabic',
    words:
      'في من على أن إلى التي عن مع هذا هذه ما لا كان الذي بعد كل قد بين أو ذلك لم هو هي كما يمكن تم شكرا',
    runs: 'ال _ال ة_ ية_ أ إ ى_ ات_ ون_ ين_ ك ي',
  },
  fa: {
    script: 'arabic',
    words:
      'و در به از که این را با است برای آن یک می تا بر خود شد های ها شما هم یا اگر ما نیست شود لطفا بود کرد',
    runs: 'پ چ ژ گ ک ی_ های ها_ _می ند_ است',
  },
  ur: {
    script: 'arabic',
    words: 'کے میں کی ہے اور سے کا کو پر کہ نے ہیں یہ بھی ایک اس تھا نہیں جو کر ہو آپ وہ تو لیے تک شکریہ',
    runs: 'ٹ ڈ ڑ ے ے_ ں ں_ ہ ھ ئے ہے_ یں_',
  },
};
