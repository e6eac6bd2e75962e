"""Writes phone_numbers.txt and idna2008.txt, which the tests of the crate compare it with.

From the root of the repository, with the version of `phonenumbers` that has the metadata of the
crate (latchstring_core::identifier::METADATA):

    python3 -m venv target/venv
    target/venv/bin/pip install phonenumbers==9.0.42 idna==3.20
    target/venv/bin/python shared/core/tests/data/generate.py
"""

import random
from pathlib import Path

import idna
import phonenumbers
from idna import idnadata
from phonenumbers import PhoneNumberFormat, PhoneNumberType

HERE = Path(__file__).parent
TYPES = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
# Numbers of reports, each of which was once read wrongly.
REPORTED = """
+14155550132 +18005551234 +12065550142 +525512345678 +5511987654321 +551187654321 +2290196123456
+22996123456 +2250707123456 +22507123456 +33757345678 +33712345678 +378612345 +390612345678
+908501234567 +5491123456789 +541123456789 +85245451234 +441481960194 +447781123456 +447911123456
+17872345678 +4915112345678 +819012345678
""".split()
DOMAINS = """
bücher.example straße.example faß.example münchen.de xn--mnchen-3ya.de 例え.jp 中国.cn россия.рф
ελλάς.gr ΕΛΛΆΣ.gr ａｂｃ.example пример.испытание 한국.kr ไทย.th भारत.in مثال.إختبار דוגמה.example
col·lege.cat col·l.cat al·la.cat my–site.example my‑site.example exam’ple.com exam'ple.com ♥.example
i♥ny.example ☃.net xn--n3h.net 💩.la xn--ls8h.la xn--a-ecp.ru a_b.example -a.example a-.example
xn--zca.example 1٠.example ٠۰.example カ・タ.jp a・b.example א׳ב.example a׳.example ͵α.gr a͵b.gr
نامه‌ای.example a‌b.example ⒈com.example ℡.example ½.example №.example ß.example sıte.example
İstanbul.example test。example。com ex─ample.com exa¡mple.com
""".split()


def phone_row(typed):
    try:
        number = phonenumbers.parse(typed)
    except phonenumbers.NumberParseException:
        return f"{typed}\t-"
    if not phonenumbers.is_valid_number(number):
        return f"{typed}\t-"
    return "\t".join(
        (
            typed,
            phonenumbers.format_number(number, PhoneNumberFormat.E164),
            phonenumbers.region_code_for_number(number),
            TYPES[phonenumbers.number_type(number)],
        )
    )


def phone_numbers():
    chance = random.Random(0)
    rows = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        examples = []
        for kind in TYPES:
            example = phonenumbers.example_number_for_type(region, kind)
            if example:
                form = PhoneNumberFormat.INTERNATIONAL
                examples.append(phonenumbers.format_number(example, form))
        rows += examples
        digits = ["+" + "".join(filter(str.isdigit, example)) for example in examples[:2]]
        for number in digits:
            place = chance.randrange(4, len(number))
            changed = number[:place] + str(chance.randrange(10)) + number[place + 1 :]
            rows += [number[:-1], number + "7", changed]
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        example = phonenumbers.example_number_for_non_geo_entity(code)
        rows.append(phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL))
    rows += REPORTED
    # Each calling code, assigned or not, with random digits.
    rows += [f"+{code}{chance.randrange(10**8):08}" for code in range(1, 1000)]
    return [phone_row(typed) for typed in dict.fromkeys(rows)]


def ranges(name):
    for packed in idnadata.codepoint_classes[name]:
        yield f"{name}\t{packed >> 32:04x}\t{(packed & 0xFFFFFFFF) - 1:04x}"


def domain_row(domain):
    try:
        ascii_form = idna.encode(domain, uts46=True, std3_rules=True).decode()
    except idna.IDNAError:
        ascii_form = "-"
    return f"domain\t{domain}\t{ascii_form}"


def write(name, source, rows):
    (HERE / name).write_text("\n".join([f"# {source}", *rows]) + "\n")


write("phone_numbers.txt", f"phonenumbers {phonenumbers.__version__}", phone_numbers())
write(
    "idna2008.txt",
    f"idna {idna.__version__}, Unicode {idnadata.__version__}",
    [*ranges("PVALID"), *ranges("CONTEXTO"), *map(domain_row, DOMAINS)],
)
