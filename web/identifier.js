// What somebody typed: an email address or a phone number.

// Region, calling code, and in brackets what is dialled before a national number only at home
// (0 unless said). The first region of a code is the one that a bare `+code` is taken for.
const COUNTRIES = `US1() CA1() PR1() DO1() JM1() TT1() RU7(8) KZ7(8) EG20 ZA27 GR30() NL31 BE32 FR33 ES34() HU36(06)
IT39() RO40 CH41 AT43 GB44 DK45() SE46 NO47() PL48() DE49 PE51 MX52() CU53 AR54 BR55 CL56() CO57() VE58 MY60
AU61 ID62 PH63 NZ64 SG65() TH66 JP81 KR82 VN84 CN86 TR90 IN91 PK92 AF93 LK94 MM95 IR98 MA212 DZ213 TN216() LY218
GM220() SN221() ML223() CI225() BF226() NE227() TG228() BJ229() MU230() LR231 SL232 GH233 NG234 TD235() CM237()
CV238() GA241() CG242() CD243 AO244() RW250 ET251 SO252 KE254 TZ255 UG256 BI257() MZ258() ZM260 MG261 ZW263
NA264 MW265 LS266() BW267() SZ268() PT351() LU352() IE353 IS354() AL355 MT356() CY357() FI358 BG359 LT370(8) LV371()
EE372() MD373 AM374 BY375(8) AD376() MC377() UA380 RS381 ME382 XK383 HR385 SI386 BA387 MK389 CZ420() SK421 LI423()
GT502() SV503() HN504() NI505() CR506() PA507() HT509() BO591 GY592() EC593 PY595 SR597() UY598 HK852() MO853() KH855
LA856 BD880 TW886 MV960() LB961 JO962 SY963 IQ964 KW965() SA966 YE967 OM968() PS970 AE971 IL972 BH973() QA974() BT975
MN976 NP977 TJ992() TM993(8) AZ994 GE995 KG996 UZ998`
  .split(/\s+/)
  .map((country) => {
    const [, region, code, trunk = "0"] = country.match(/^(\D\D)(\d+)(?:\((\d*)\))?$/);
    return { region, code, trunk };
  });

/** The countries by name, in a language. */
export function countries(language) {
  const names = new Intl.DisplayNames(language, { type: "region" });
  return COUNTRIES.map((country) => ({ ...country, name: names.of(country.region) })).sort((a, b) =>
    a.name.localeCompare(b.name, language),
  );
}

/** The calling code of a region. */
export const callingCode = (region) => COUNTRIES.find((country) => country.region === region).code;

/** Where somebody probably is, by the region of the browser's first language. */
export function likelyRegion() {
  try {
    const { region } = new Intl.Locale(navigator.language).maximize();
    if (COUNTRIES.some((country) => country.region === region)) return region;
  } catch {
    // A tag that is none.
  }
  return "US";
}

/** Whether what was typed so far looks like a number. Full-width digits are digits, too. */
export const looksLikeNumber = (typed) => /^\s*[+(\d][\d\s().-]*$/.test(typed.normalize("NFKC"));

/** The region of a number that begins with its country's code; `present` if it may be that one. */
export function regionOf(typed, present) {
  const digits = international(typed);
  if (digits === null) return present;
  const fits = COUNTRIES.filter((country) => digits.startsWith(country.code)).sort(
    (a, b) => b.code.length - a.code.length,
  );
  if (!fits.length) return present;
  const longest = fits.filter((country) => country.code === fits[0].code);
  return (longest.find((country) => country.region === present) ?? longest[0]).region;
}

/** The digits after `+` or `00`; null if there is neither. */
function international(typed) {
  const plain = typed.normalize("NFKC").replace(/[\s().-]/g, "");
  return plain.match(/^(?:\+|00)(\d*)$/)?.[1] ?? null;
}

/** What the API takes of what was typed, or which word says what is wrong. */
export function parse(typed, region, method) {
  const text = typed.normalize("NFKC").trim();
  if (!text) return { error: method === "PHONE_NUMBER" ? "missingNumber" : method === "EMAIL" ? "missingEmail" : "missing" };
  if (method !== "EMAIL" && looksLikeNumber(text)) {
    const { code, trunk } = COUNTRIES.find((country) => country.region === region);
    const digits = text.replace(/\D/g, "");
    const national = trunk && digits.startsWith(trunk) ? digits.slice(trunk.length) : digits;
    const number = international(text) ?? code + national;
    return /^[1-9]\d{6,14}$/.test(number)
      ? { method: "PHONE_NUMBER", emailOrPhone: `+${number}` }
      : { error: "badNumber" };
  }
  if (method === "PHONE_NUMBER") return { error: "badNumber" };
  return /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(text)
    ? { method: "EMAIL", emailOrPhone: text }
    : { error: method === "EMAIL" || text.includes("@") ? "badEmail" : "bad" };
}
