"""Rows of Mẫu 03: a portal and a gateway, each with the PKCS#10 request of a key of its own."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

SYSTEMS = (
    ("TRANG THÔNG TIN ĐIỆN TỬ XÃ TÂN UYÊN", "tanuyen.laichau.gov.vn", "soft", "Xác thực máy chủ"),
    ("TRỤC KẾT NỐI MỘT CỬA XÃ TÂN UYÊN", "motcua.tanuyen.laichau.gov.vn", "hsm", "Ký phản hồi"),
)


def rows_of(owner: str) -> list[dict[str, str]]:
    """Return a right row for each system of ``owner``."""
    rows = []
    for name, domain, storage, purpose in SYSTEMS:
        # As the agency's own software makes the request; the private half is thrown away.
        common_name = x509.NameAttribute(NameOID.COMMON_NAME, name)
        names = x509.SubjectAlternativeName([x509.DNSName(domain)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([common_name]))
        key = ec.generate_private_key(ec.SECP256R1())
        signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
        rows.append(
            {
                "name": name,
                "owner": owner,
                "address": "Xã Tân Uyên, tỉnh Lai Châu",
                "province": "Lai Châu",
                "domain": domain,
                "purpose": purpose,
                "email": "quantri.tanuyen@laichau.gov.vn",
                "storage": storage,
                "csr": signed.public_bytes(Encoding.PEM).decode(),
                "note": "",
                "old_serial": "",
            }
        )
    return rows
