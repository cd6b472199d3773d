"""At least five hits and five look-alikes of every recogniser that is not a national number's."""

import pytest

from remit.intake.detect import find

HITS = {
    "MRN": [
        ("MRN: 76618306", "76618306"),
        ("Medical record number G4346166 on file", "G4346166"),
        ("medical record numbers MED46700116 and MRN-747872.", "MED46700116"),
        ("Med Rec No: 62839762", "62839762"),
        ("Incident MRN-607260 occurred", "MRN-607260"),
        ("Chart MRN 847-293-1056. Next", "847-293-1056"),
    ],
    "NPI": [
        ("NPI: 1234567893", "1234567893"),
        ("Dr. Roe (NPI 1245319599)", "1245319599"),
        ("National Provider Identifier 1234567893", "1234567893"),
        ("the NPI is 1245319599.", "1245319599"),
        ("Name | NPI | Phone\nRoe | 1234567893 | -", "1234567893"),
    ],
    "DOCUMENT": [
        ("my passport number is L8988901C", "L8988901C"),
        ("Passport (No.: YA1234567)", "YA1234567"),
        ("Paszport: HZ6 088057 | dalej", "HZ6 088057"),
        ("Reisepass C01X00T47, danke", "C01X00T47"),
        ("driver's license number: D1234562.", "D1234562"),
        ("Driving licence MORGA657054SM9IJ", "MORGA657054SM9IJ"),
        ("prawo jazdy nr 00123/45/6789", "00123/45/6789"),
        ('{"passport_number": "X1234567"}', "X1234567"),
    ],
    "CRYPTO": [
        ("pay 16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ now", "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ"),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
        ("1BEX6eUo95BjCzSTPZSj3fprebRznsYk8f", "1BEX6eUo95BjCzSTPZSj3fprebRznsYk8f"),
        (
            "to bc1p5d7rjq7g6rdk2yhzks9smlaqtedr4dekq08ge8ztwac72sfr9rusxg3297.",
            "bc1p5d7rjq7g6rdk2yhzks9smlaqtedr4dekq08ge8ztwac72sfr9rusxg3297",
        ),
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        ),
        (
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x52908400098527886E0F7030069857D2E4169EE7",
        ),
    ],
    "ACCOUNT": [
        ("account number: 12345678", "12345678"),
        ("Konto 0532013000", "0532013000"),
        ("bank account 0012-345678-9", "0012-345678-9"),
        ("Kontonummer: 1234567890", "1234567890"),
        ("rachunek 12345678901", "12345678901"),
    ],
    "DOB": [
        ("born on 4 March 1980", "4 March 1980"),
        ("DOB: 03/04/1980", "03/04/1980"),
        ("Geburtsdatum 04.03.1980", "04.03.1980"),
        ("urodzonym dnia 04.03.1980", "04.03.1980"),
        ("née le 4 mars 1980", "4 mars 1980"),
    ],
    "MAC": [
        ("mac 00:00:5e:00:53:01", "00:00:5e:00:53:01"),
        ("00-00-5E-00-53-01", "00-00-5E-00-53-01"),
        ("hw 0000.5e00.5301 up", "0000.5e00.5301"),
        ("from 02:00:5e:10:00:ff.", "02:00:5e:10:00:ff"),
        ("ether=02:00:5E:10:00:FE,", "02:00:5E:10:00:FE"),
    ],
    "IP": [
        ("from 192.0.2.17:443", "192.0.2.17"),
        ("client_ip: 198.51.100.7", "198.51.100.7"),
        ("2001:db8::17", "2001:db8::17"),
        ("2001:db8:0:0:0:0:192.0.2.1", "2001:db8:0:0:0:0:192.0.2.1"),
        ("[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2:3:4:5:6"),
    ],
    "PHONE": [
        ("+1-202-555-0123x2157", "+1-202-555-0123x2157"),
        ("+447700900123 mobile", "+447700900123"),
        ("reachable at 202-555-0123.", "202-555-0123"),
        ("Dial 2025550123 now", "2025550123"),
        ("name | phone\nRoe | 030 901820", "030 901820"),
    ],
}
ALIKE = {
    "MRN": [
        "MRN pending",
        "the record number 12345678",
        "medical records were sent 2024",
        "MRNA-1273",
        "patient identity unknown 12345678",
    ],
    "DOCUMENT": [
        "passport photo 2026-11-28",
        "I renewed my passport in 2024 with order ABC123456",
        "the passport costs 120.00 EUR",
        "passport: 28.11.2026",
        "Driver license pending since 2024",
        "a driver licence CAR 123",
        "passport please answer about ORDER123456",
    ],
    "NPI": ["order 1234567893", "1234567893", "NPI: 12345", "NPI: 12345678931", "the NPI of 2024"],
    "CRYPTO": [
        "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyA",
        "bc1p5d7rjq7g6rdk2yhzks9smlaqtedr4dekq08ge8ztwac72sfr9rusxg3298",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLyA",
        "0x5290840009852788",
        "0x0000000000000000000000000000000000000000",
        "123456789abcdefghijkmnopqrstuv",
    ],
    "ACCOUNT": [
        "account 12345",
        "on account of 1234",
        "IBAN DE88 3704 0044 0532 0130 00",
        "account order 12345678",
        "the bank opens at 08:00",
    ],
    "DOB": [
        "created 04.03.1980",
        "4 March 1980",
        "invoice of 03/04/1980",
        "born in Leeds",
        "due 1980-03-04",
    ],
    "MAC": [
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        "at 10:15:30",
        "aa:bb:cc:dd:ee",
        "0000.5e00.5301.0000",
    ],
    "IP": ["version 1.2.3.4", "1.2.3", "192.0.2.1.7", "std::vector", "300.1.1.1"],
    "PHONE": [
        "order 2025550123",
        "trace 2025550123",
        "2025550123",
        "on 2025-03-04",
        "it cost 1.234.567,89 EUR",
    ],
}


@pytest.mark.parametrize(
    ("label", "text", "value"),
    [(label, *row) for label, rows in HITS.items() for row in rows],
)
def test_a_value_is_found(label: str, text: str, value: str) -> None:
    assert (label, value) in [(one.label, text[one.start : one.end]) for one in find(text)]


@pytest.mark.parametrize(
    ("label", "text"), [(label, text) for label, texts in ALIKE.items() for text in texts]
)
def test_what_looks_alike_is_not(label: str, text: str) -> None:
    assert label not in {one.label for one in find(text)}
