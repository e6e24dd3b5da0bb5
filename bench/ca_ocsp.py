"""C2: an OCSP answer, request bytes to response bytes, against one bare RSA-2048 signature.

PERFORMANCE asks for half the rate of bare signing: at most twice the time. Measured with an
RSA-2048 responder, as the target is put, and with the P-256 one the portal has.
"""

from __future__ import annotations

import common

ANSWERS = 300


def main() -> None:
    common.boot()
    from dataclasses import replace  # noqa: PLC0415

    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from portal.ca.authority import ceremony, responder  # noqa: PLC0415
    from portal.ca.authority import services as authority  # noqa: PLC0415
    from portal.ca.pki import profiles  # noqa: PLC0415

    settings.CA_ALGORITHM = "rsa"
    own = profiles.ALGORITHMS["rsa"]
    bare = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = timezone.now()
    authority.open_for_signing()
    for name, kind in (("rsa2048", 2048), ("p256", own.responder_key)):
        profiles.ALGORITHMS["rsa"] = replace(own, responder_key=kind)
        settings.OCSP_KEY_DIR = settings.DATA_DIR / name
        ceremony.set_up(now=now, new_responder=True)
        responder._Loaded.responders = ()
        _measure(name, bare, now)


def _measure(name: str, bare: object, now: object) -> None:
    from datetime import datetime  # noqa: PLC0415

    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    from portal.ca.authority import responder  # noqa: PLC0415

    assert isinstance(bare, rsa.RSAPrivateKey)
    assert isinstance(now, datetime)
    asked = _question()

    def ours() -> None:
        for _number in range(ANSWERS):
            responder.answer(asked, now=now)

    def baseline() -> None:
        for _number in range(ANSWERS):
            bare.sign(asked, padding.PKCS1v15(), hashes.SHA256())

    common.compare(f"C2 ocsp_time_{name}_{common.dialect()}", ours, baseline, target=2.0, n=ANSWERS)


def _question() -> bytes:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415
    from cryptography.x509 import ocsp  # noqa: PLC0415

    from portal.ca.authority import services as authority  # noqa: PLC0415
    from portal.ca.authority.responder import issuer_hashes  # noqa: PLC0415

    name, key = issuer_hashes(authority.current_issuer().certificate, "sha1")
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        name,
        key,
        12345,
        hashes.SHA1(),  # noqa: S303
    )
    return builder.build().public_bytes(Encoding.DER)


if __name__ == "__main__":
    main()
