"""Makes a certificate for each service, signed by an authority that exists only while this runs.

`python issue.py FOLDER`: each sub-folder of FOLDER is a service and gets ca.pem, cert.pem and key.pem. Nothing is done
when all of them are complete and good for another day, so starting the system again disturbs nothing.

Refuses to keep the authority's key: nobody can sign for a service afterwards, and a new service means new certificates
for all. In production an authority that never leaves its hardware signs short-lived certificates instead (SPIFFE/SPIRE,
step-ca, Vault); what the services see is the same.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = dt.timedelta(days=30)
SPARE = dt.timedelta(days=1)
SKEW = dt.timedelta(minutes=5)  # clocks of laptops and their virtual machines differ


def main(folder: Path) -> int:
    """Issue for every sub-folder, unless all are served already."""
    services = sorted(path for path in folder.iterdir() if path.is_dir())
    if not services:
        print(f"{folder} has no sub-folder: no service to issue for", file=sys.stderr)
        return 1
    if _one_good_family(services):
        print("certificates are good, nothing to do")
        return 0
    issue(services)
    print(f"issued certificates for {', '.join(service.name for service in services)}, valid {LIFETIME.days} days")
    return 0


def issue(services: list[Path]) -> None:
    """New certificates for all, under one new authority whose key is forgotten on return."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    for service in services:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(service.name, key.public_key(), authority, authority_key)
        _write(service / "ca.pem", authority.public_bytes(serialization.Encoding.PEM))
        _write(service / "cert.pem", certificate.public_bytes(serialization.Encoding.PEM))
        _write(service / "key.pem", _pem(key))


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("shop lab authority")
    builder = _builder(name, name, key.public_key(), key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _certificate(
    service: str,
    key: ec.EllipticCurvePublicKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    builder = _builder(_name(service), authority.subject, key, authority_key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    # Both: the same service answers others and calls others.
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    names = x509.SubjectAlternativeName([x509.DNSName(service), x509.DNSName("localhost")])
    return (
        builder.add_extension(both, critical=False)
        .add_extension(names, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, issuer_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), now - SKEW, now + LIFETIME)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    return builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o400)
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(0o400)


def _one_good_family(services: list[Path]) -> bool:
    """Is everything there, from one authority, and valid for long enough?"""
    files = [service / name for service in services for name in ("ca.pem", "cert.pem", "key.pem")]
    if not all(path.is_file() for path in files):
        return False
    if len({(service / "ca.pem").read_bytes() for service in services}) != 1:
        return False
    soon = dt.datetime.now(dt.UTC) + SPARE
    certificates = (x509.load_pem_x509_certificate((service / "cert.pem").read_bytes()) for service in services)
    return all(certificate.not_valid_after_utc > soon for certificate in certificates)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
