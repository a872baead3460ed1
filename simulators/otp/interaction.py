"""The rules of a sign-in: who may be identified how, and when a person is through.

Those of Logto's classes/experience-interaction.ts and its validators.
"""

from collections.abc import Iterator, Mapping

from simulators.otp import passwords
from simulators.otp.errors import Refused
from simulators.otp.route import NOTHING
from simulators.otp.service import Service
from simulators.otp.state import Interaction, User, Verification

FACTOR = "PhoneVerificationCode"
EMAIL_FACTOR = "EmailVerificationCode"
_SHOWN_DIGITS = 4


def forbid(service: Service, event: str) -> None:
    """Raises `Refused` (auth.forbidden) for an event that the sign-in mode does not have."""
    mode = service.setting("signInMode")
    if (event, mode) in (("SignIn", "Register"), ("Register", "SignIn")):
        raise Refused("auth.forbidden")


def switch(service: Service, interaction: Interaction, event: str) -> None:
    """Changes between signing in and signing up; a reset of the password stays one."""
    forbid(service, event)
    if (event == "ForgotPassword") != (interaction.event == "ForgotPassword"):
        raise Refused("session.not_supported_for_forgot_password", status=400)
    if interaction.event != event:
        interaction.profile.clear()
    interaction.event = event


def is_suppressed(service: Service, interaction: Interaction, event: str, to: str) -> bool:
    """Whether no message goes out, so that nobody learns which numbers and addresses have an
    account."""
    users = service.state.users
    if users.with_phone(to) is not None or users.with_email(to) is not None:
        return False
    closed = service.setting("signInMode") == "SignIn"
    return event == "ForgotPassword" or (event == "SignIn" and closed and not interaction.user)


def record(interaction: Interaction, record_id: str) -> Verification:
    """Raises `Refused` (session.verification_session_not_found) if it is not this session's."""
    for found in interaction.records.values():
        if found.id == record_id:
            return found
    raise Refused("session.verification_session_not_found")


def identify(service: Service, interaction: Interaction, record_id: str) -> None:
    """Finds out who it is that signs in or resets a password."""
    found = record(interaction, record_id)
    forbid(service, interaction.event)
    _permit(service, interaction.event, found)
    user = _owner(service, found)
    if user.suspended:
        raise Refused("user.suspended")
    if interaction.user and interaction.user != user.id:
        raise Refused("session.identity_conflict")
    interaction.user = user.id


def _permit(service: Service, event: str, found: Verification) -> None:
    if event == "ForgotPassword":
        methods = service.setting("forgotPasswordMethods")
        factor = {"code": FACTOR, "email": EMAIL_FACTOR}.get(found.kind)
        if factor is None or (methods is not None and factor not in methods):
            raise Refused("session.not_supported_for_forgot_password")
        return
    name = "password" if found.kind == "password" else "verificationCode"
    methods = service.setting("signIn")["methods"]
    allowed = any(one["identifier"] == found.identifier and one[name] for one in methods)
    if found.kind == "mfa" or not allowed:
        raise Refused("user.sign_in_method_not_enabled")


def _owner(service: Service, found: Verification) -> User:
    if not found.verified:
        raise Refused("session.verification_failed")
    users = service.state.users
    find = {"phone": users.with_phone, "email": users.with_email, "username": users.named}
    user = find[found.identifier](found.to)
    if user is None:
        raise Refused("user.user_not_exist", {"identifier": found.to})
    return user


def register(service: Service, interaction: Interaction, record_id: str) -> None:
    """Makes a new user of a proven number, and of what the profile has besides. Somebody who is
    made has a number: the same proof makes nobody else."""
    profile, users = interaction.profile, service.state.users
    made = users.find(interaction.user)
    if record_id:
        profile["phone"] = _proven(service, record(interaction, record_id), made)
    forbid(service, "Register")
    known = {**profile, **(_own(made) if made else {})}
    missing = [name for name in _mandatory(service) if not _has(known, name)]
    if missing:
        raise Refused("user.missing_profile", {"missingProfile": missing})
    user = User(service.id(12), service.now(), profile.get("phone"))
    user.username, user.password = profile.get("username"), profile.get("password")
    users.add(user)
    interaction.user = user.id
    profile.clear()


def _own(user: User) -> dict[str, str]:
    """What somebody has of a profile."""
    own = {"phone": user.phone, "username": user.username, "password": user.password}
    return {name: value for name, value in own.items() if value is not None}


def _proven(service: Service, found: Verification, user: User | None) -> str:
    """A number that nobody has yet, for somebody who has none."""
    if not found.verified or found.kind != "code":
        raise Refused("session.verification_failed")
    if user and user.phone is not None:
        raise Refused("user.phone_exists_in_profile")
    if service.state.users.with_phone(found.to) is not None:
        raise Refused("user.phone_already_in_use")
    return found.to


def _mandatory(service: Service) -> Iterator[str]:
    """What signing up asks for."""
    sign_up = service.setting("signUp")
    wanted = set(sign_up["identifiers"])
    if "username" in wanted:
        yield "username"
    elif wanted >= {"email", "phone"}:
        yield "emailOrPhone"
    else:
        yield from wanted
    if sign_up["password"]:
        yield "password"


def _has(profile: Mapping[str, str], name: str) -> bool:
    return ("phone" if name == "emailOrPhone" else name) in profile


def add(service: Service, interaction: Interaction, kind: str, value: str) -> None:
    """Puts something into the profile; of a phone number, the value is the record that proves
    it."""
    user = service.state.users.find(interaction.user)
    if interaction.event == "ForgotPassword":
        raise Refused("session.not_supported_for_forgot_password", status=400)
    if interaction.event == "SignIn":
        prove(service, interaction, identified(service, interaction), binding=True)
    if kind == "phone":
        found = record(interaction, value)
        if found.kind != "code":
            raise Refused("session.verification_session_not_found")
        value = _proven(service, found, user)
    if kind == "username" and user and user.username is not None:
        raise Refused("user.username_exists_in_profile")
    if kind == "username" and service.state.users.named(value):
        raise Refused("user.username_already_in_use")
    if kind == "password":
        hold_to_policy(service, value, user, interaction.profile)
        if user and user.password is not None:
            raise Refused("user.password_exists_in_profile")
    interaction.profile[kind] = value


def hold_to_policy(
    service: Service, password: str, user: User | None, profile: Mapping[str, str] = NOTHING
) -> None:
    """Raises `Refused` for a password that is too weak (password.rejected, with all that is wrong),
    and for the one that the person has; `profile` is what the person is about to have."""
    known = {**(_own(user) if user else {}), **profile}
    name = str(user.about.get("name") or "") if user else ""
    names = [name, "".join(name.split()), *name.split(" ")]
    email = ((user.email if user else "") or "").partition("@")[0]
    person = [*names, known.get("username", ""), email, known.get("phone", "")]
    found = passwords.issues(password, service.setting("passwordPolicy"), person)
    if found:
        raise Refused("password.rejected", found)
    if user and user.password == password:
        raise Refused("user.same_password")


def identified(service: Service, interaction: Interaction) -> User:
    """Who it is. Raises `Refused` (session.identifier_not_found) while that is not known."""
    user = service.state.users.find(interaction.user)
    if user is None:
        raise Refused("session.identifier_not_found")
    return user


def prove(service: Service, interaction: Interaction, user: User, *, binding: bool = False) -> None:
    """Raises `Refused` where the second factor is lacking: not verified, or none to verify. Who
    has just signed up with the number has proven it, and who binds one has it in the profile."""
    mfa = service.setting("mfa")
    if FACTOR not in mfa["factors"]:
        return
    if user.phone is None:
        if mfa["policy"] == "Mandatory" and not binding and "phone" not in interaction.profile:
            raise Refused("user.missing_mfa", {"availableFactors": [FACTOR]})
        return
    second = interaction.records.get("mfa")
    if interaction.event != "Register" and not (second and second.verified):
        masked = "*" * _SHOWN_DIGITS + user.phone[-_SHOWN_DIGITS:]
        told = {"availableFactors": [FACTOR], "maskedIdentifiers": {FACTOR: masked}}
        raise Refused("session.mfa.require_mfa_verification", told)


def finish(service: Service, interaction: Interaction) -> bool:
    """Whether the person is signed in now; a reset of a password signs nobody in."""
    user, profile = identified(service, interaction), interaction.profile
    if interaction.event == "ForgotPassword":
        if "password" not in profile:
            raise Refused("user.new_password_required_in_profile")
        user.password = profile["password"]
        interaction.event = interaction.user = ""
        profile.clear()
        interaction.records.clear()
        return False
    prove(service, interaction, user)
    if "phone" in profile:
        _proven_still(service, profile["phone"])
        service.state.users.change_phone(user, profile["phone"])
    user.password = profile.get("password", user.password)
    user.signed_in = service.now()
    interaction.done = True
    return True


def _proven_still(service: Service, phone: str) -> None:
    if service.state.users.with_phone(phone) is not None:
        raise Refused("user.phone_already_in_use")
