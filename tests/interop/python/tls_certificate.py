"""A certificate for localhost that signs itself, in two files: certificate, private key."""
import datetime
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
now = datetime.datetime.now(datetime.timezone.utc)
day = datetime.timedelta(days=1)
draft = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
draft = draft.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
draft = draft.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
pem = serialization.Encoding.PEM
certificate = draft.sign(key, hashes.SHA256()).public_bytes(pem)
private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
for path, text in zip(sys.argv[1:], (certificate, private)):
    with open(path, "wb") as file:
        file.write(text)
