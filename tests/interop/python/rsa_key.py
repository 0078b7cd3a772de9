"""An RSA key in two files: private, public."""
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
pem = serialization.Encoding.PEM
private = key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
for name, text in zip(sys.argv[1:], (private, public)):
    with open(name, "wb") as file:
        file.write(text)
