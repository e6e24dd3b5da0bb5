"""Keys of the CA on a PKCS#11 token: made there, never outside it, signing there (decision 57).

cryptography's builders take any object of its interfaces, so a key on a token is one that hands
what is to be signed to the token. A process has one session with a token, opened when it is
first needed and opened anew after a fork, or once when the token was away for a while.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from portal.ca.authority.faults import KeyFault
from portal.ca.pki.profiles import KeyKind, PrivateKey

Done = TypeVar("Done")
Data = bytes | bytearray | memoryview

_NEVER_OUTSIDE = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}


@dataclass(frozen=True, slots=True)
class Token:
    """A token by its label, behind the library of its maker; the PIN is asked for when needed.

    Every method raises KeyFault.
    """

    module: str
    label: str
    pin: Callable[[], str]

    def place(self, name: str) -> str:
        """Return where a key lies, for people."""
        return f"token {self.label}/{name}"

    def fault(self, code: str, why: str) -> KeyFault:
        """Return what is wrong with the token, to be raised."""
        return KeyFault(code, f"token {self.label}", why)

    def has_key(self, name: str) -> bool:
        """Say whether there is a private key of this name."""
        about = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: name}
        return self._ask(lambda session: bool(list(session.get_objects(about))))

    def make_key(self, name: str, kind: KeyKind) -> None:
        """Generate a pair on the token that signs and does nothing else.

        Raises FileExistsError when there is one of this name.
        """
        if self.has_key(name):
            raise FileExistsError(f"{self.label}: {name}")

        def generate(session: pkcs11.Session) -> None:
            about: dict[str, Any] = {
                "label": name,
                "store": True,
                "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
                "private_template": _NEVER_OUTSIDE,
            }
            if isinstance(kind, int):
                session.generate_keypair(KeyType.RSA, kind, **about)
                return
            curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(kind.name)}
            parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
            parameters.generate_keypair(**about)

        self._ask(generate)

    def rename_key(self, name: str, new_name: str) -> None:
        """Give what is there of a key another name."""

        def rename(session: pkcs11.Session) -> None:
            for one in session.get_objects({Attribute.LABEL: name}):
                one[Attribute.LABEL] = new_name

        self._ask(rename)

    def key(self, name: str) -> PrivateKey:
        """Return a key that signs on the token."""

        def read(session: pkcs11.Session) -> bytes:
            public = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=name)
            assert isinstance(public, pkcs11.PublicKey)
            is_rsa = public.key_type == KeyType.RSA
            return encode_rsa_public_key(public) if is_rsa else encode_ec_public_key(public)

        public = load_der_public_key(self._ask(read))
        if isinstance(public, rsa.RSAPublicKey):
            return TokenRSAKey(self, name, public)
        assert isinstance(public, ec.EllipticCurvePublicKey)
        return TokenEllipticCurveKey(self, name, public)

    def sign(self, name: str, data: bytes, mechanism: Mechanism) -> bytes:
        """Return the token's signature, in the form PKCS#11 gives it."""

        def sign(session: pkcs11.Session) -> bytes:
            key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=name)
            assert isinstance(key, SignMixin)
            return bytes(key.sign(data, mechanism=mechanism))

        return self._ask(sign)

    def _ask(self, act: Callable[[pkcs11.Session], Done]) -> Done:
        """Do ``act`` in this process's session; in a new one when that has ended."""
        with _Sessions.lock:
            try:
                if (session := _Sessions.of.get(self.label)) is not None:
                    try:
                        return act(session)
                    except pkcs11.PKCS11Error:
                        _Sessions.of.clear()
                return act(self._open())
            except pkcs11.NoSuchToken as error:
                raise self.fault("token_missing", "no token of this name is there") from error
            except pkcs11.PinLocked as error:
                raise self.fault("pin_locked", "the token's PIN is locked") from error
            except pkcs11.NoSuchKey as error:
                raise self.fault("missing", "the token holds no such key") from error
            except (pkcs11.PKCS11Error, RuntimeError) as error:
                raise self.fault("token_fails", f"{type(error).__name__} {error}") from error

    def _open(self) -> pkcs11.Session:
        """Return a new session; the library looks for tokens only when it is initialized.

        A PIN that was refused is not tried again by this process: tokens count, and lock.
        """
        if not (pin := self.pin()):
            raise self.fault("no_pin", "its PIN is not set for this process")
        if (self.label, pin) in _Sessions.refused:
            raise self.fault("wrong_pin", "the token has refused the PIN")
        library = pkcs11.lib(self.module)
        if not _Sessions.of or not list(library.get_tokens(token_label=self.label)):
            _Sessions.of.clear()
            library.reinitialize()
        try:
            session = library.get_token(token_label=self.label).open(rw=True, user_pin=pin)
        except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid) as error:
            _Sessions.refused.add((self.label, pin))
            raise self.fault("wrong_pin", "the token refuses the PIN") from error
        _Sessions.of[self.label] = session
        return session


class _Sessions:
    """The sessions of this process, by the labels of their tokens; one asks at a time.

    When none is left the library is initialized anew, as it must be in the child of a fork.
    """

    of: dict[str, pkcs11.Session] = {}
    refused: set[tuple[str, str]] = set()  # labels with PINs
    lock = threading.RLock()

    @classmethod
    def start_anew(cls) -> None:
        """In the child of a fork: sessions and lock are the parent's (PKCS#11 v2.40, 6.6.1)."""
        cls.of, cls.lock = {}, threading.RLock()


os.register_at_fork(after_in_child=_Sessions.start_anew)


class _StaysThere:
    """What no key on a token does."""

    _token: Token
    _name: str

    def private_bytes(self, *_about: object, **_more: object) -> NoReturn:
        raise self._token.fault("stays_there", f"{self._name} does not leave it")

    private_numbers = decrypt = exchange = private_bytes

    def __copy__(self) -> NoReturn:
        raise TypeError("a key on a token is not copied")

    def __deepcopy__(self, _memo: object) -> NoReturn:
        raise TypeError("a key on a token is not copied")


class TokenRSAKey(_StaysThere, rsa.RSAPrivateKey):
    """An RSA key on a token; signs as RSASSA-PKCS1-v1_5 with SHA-256."""

    def __init__(self, token: Token, name: str, public: rsa.RSAPublicKey) -> None:
        self._token, self._name, self._public = token, name, public

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def sign(self, data: Data, padding_: object, algorithm: object) -> bytes:
        """Return a signature; raises KeyFault, ValueError for what the CA does not use."""
        if not isinstance(padding_, padding.PKCS1v15) or not isinstance(algorithm, hashes.SHA256):
            raise ValueError("the CA signs with PKCS #1 v1.5 and SHA-256")
        return self._token.sign(self._name, bytes(data), Mechanism.SHA256_RSA_PKCS)


class TokenEllipticCurveKey(_StaysThere, ec.EllipticCurvePrivateKey):
    """An EC key on a token; signs by ECDSA, over a digest that is made here."""

    def __init__(self, token: Token, name: str, public: ec.EllipticCurvePublicKey) -> None:
        self._token, self._name, self._public = token, name, public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def sign(self, data: Data, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Return a signature; raises KeyFault, ValueError for what the CA does not use."""
        algorithm = signature_algorithm.algorithm
        if not isinstance(algorithm, hashes.SHA256 | hashes.SHA384):
            raise ValueError("the CA signs with SHA-256 and SHA-384")
        digest = hashes.Hash(algorithm)
        digest.update(bytes(data))
        both = self._token.sign(self._name, digest.finalize(), Mechanism.ECDSA)
        r, s = both[: len(both) // 2], both[len(both) // 2 :]
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
