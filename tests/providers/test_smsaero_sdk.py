"""SMS Aero's own Python SDK, unmodified, under the vendor's own name over TLS."""

import pytest
import smsaero

NUMBER = 79031234567


@pytest.fixture
def sdk(default, vendor_dns, monkeypatch):
    """Makes the SDK's client. Its constructor asks DNS about the e-mail address's domain: that is
    left out, as nothing here may ask the real one."""
    monkeypatch.setattr("email_validator.CHECK_DELIVERABILITY", False)
    made = []

    def make(**changes):
        known = default.credentials("smsaero")
        made.append(
            smsaero.SmsAero(**{"email": known["email"], "api_key": known["api_key"]} | changes)
        )
        return made[-1]

    yield make
    for client in made:
        client._SmsAero__sess.close()


def settle(sms, seconds):
    """Lets that much time pass in the account."""
    sms.simulators.call(lambda: sms.world.clock.advance(seconds))


def test_sends_and_reads_back(default, sdk):
    """The answer to the send, the inbox, the status and the list, each as the SDK's samples."""
    client = sdk()

    sent = client.send_sms(NUMBER, "Your code is 135790")
    settle(default, 5)
    stored = client.sms_status(sent["id"])
    listed = client.sms_list(number=NUMBER)

    assert ("79031234567", "SMS Aero", 0, "queue", 5.49) == tuple(
        sent[name] for name in ("number", "from", "status", "extendStatus", "cost")
    )
    assert "135790" == default.wait_for_code("+79031234567")
    assert (1, "delivery", "5.49") == (stored["status"], stored["extendStatus"], stored["cost"])
    assert sent["dateCreate"] < stored["dateAnswer"]
    assert stored == listed["0"]
    assert "1" == listed["totalCount"]


def test_sends_to_several_numbers(sdk, default):
    """The answer is a list, in the order asked for."""
    sent = sdk().send_sms([NUMBER, 79131234567], "Your code is 135790")

    assert ["79031234567", "79131234567"] == [message["number"] for message in sent]
    assert 2 == len(default.messages())


def test_a_test_send_is_known_to_the_test_operations_alone(default, sdk):
    """It is in the inbox, costs nothing, and sms/list does not have it."""
    default.simulators.call(lambda: default.world.save("balance", 100))
    client = sdk(test_mode=True)

    sent = client.send_sms(NUMBER, "Your code is 135790")

    assert sent["id"] == client.sms_status(sent["id"])["id"]
    assert "1" == client.sms_list()["totalCount"]
    assert "135790" == default.wait_for_code("+79031234567")
    client.disable_test_mode()
    assert "0" == client.sms_list()["totalCount"]
    assert {"balance": 100} == client.balance()
    with pytest.raises(smsaero.SmsAeroException, match="Validation error"):
        client.sms_status(sent["id"])


def test_wrong_credentials_raise_the_sdk_s_exception(sdk, default):
    """With the recorded words."""
    client = sdk(api_key="wrong" * 5)

    with pytest.raises(smsaero.SmsAeroException) as caught:
        client.send_sms(NUMBER, "Your code is 135790")

    assert "Your request was made with invalid credentials." == str(caught.value)
    assert [] == default.messages()


@pytest.mark.parametrize(
    ("rule", "exception", "words"),
    [
        ("no credits", smsaero.SmsAeroNoMoneyException, "no credits"),
        ("reject", smsaero.SmsAeroException, "message rejected"),
        ("429", smsaero.SmsAeroException, "Rate limit exceeded."),
    ],
)
def test_a_refusal_that_a_rule_provokes_raises_it(rule, exception, words, default, sdk):
    """Each shape that the SDK looks for."""
    default.script({"match": {"provider": "smsaero"}, "effect": {"error": rule}})

    with pytest.raises(exception) as caught:
        sdk().send_sms(NUMBER, "Your code is 135790")

    assert words == str(caught.value)


def test_real_refusals_raise_the_sdk_s_exceptions(default, sdk):
    """A sign that the account has not, an unknown message, a balance that does not suffice."""
    with pytest.raises(smsaero.SmsAeroException, match="Validation error"):
        sdk(signature="Nobody").send_sms(NUMBER, "hello")
    with pytest.raises(smsaero.SmsAeroException, match="Validation error"):
        sdk().sms_status(1)
    default.simulators.call(lambda: default.world.save("balance", 5.48))
    with pytest.raises(smsaero.SmsAeroException, match="Not enough money"):
        sdk().send_sms(NUMBER, "hello")

    assert [] == default.messages()


def test_every_other_call_gives_what_its_sample_shows(sdk, default):
    """Account, signs, numbers, groups, contacts, blacklist, Viber."""
    client = sdk()

    assert client.is_authorized()
    assert {"balance": 337.03} == client.balance()
    assert {"sum": 100} == client.balance_add(100, 12345)
    assert 12345 == client.cards()["0"]["id"]
    assert "5.49" == client.tariffs()["FREE SIGN"]["BEELINE"]
    assert "approve" == client.sign_list()["0"]["statusOperators"]["5"]["extendStatus"]
    assert {"number": "79031234567", "operator": 5, "extendOperator": "BEELINE"} == (
        client.number_operator(NUMBER)
    )
    check = client.hlr_check(NUMBER)
    assert (4, "in work") == (check["hlrStatus"], check["extendHlrStatus"])
    settle(default, 3)
    assert (1, "available") == tuple(client.hlr_status(check["id"]).values())[2:]
    group = client.group_add("friends")
    contact = client.contact_add(NUMBER, group_id=group["id"], first_name="John", sex="male")
    assert "1" == client.group_list()["0"]["countContacts"]
    assert [{"id": group["id"], "name": "friends"}] == client.contact_list()["0"]["groups"]
    black = client.blacklist_add(NUMBER)
    assert (contact["fname"], str(black["id"])) == (
        black["fname"],
        client.blacklist_list()["0"]["id"],
    )
    assert client.blacklist_delete(black["id"])
    assert "0" == client.blacklist_list()["totalCount"]
    sending = client.viber_send(sign="SMS Aero", channel="OFFICIAL", text="hello", number=NUMBER)
    assert (1, "moderation") == (sending["status"], sending["extendStatus"])
    settle(default, 5)
    assert (1, 1) == (
        client.viber_statistics(sending["id"])["0"]["status"],
        client.viber_list()["0"]["countDelivered"],
    )
    assert client.contact_delete(contact["id"])
    assert client.contact_delete_all()
    assert client.group_delete(group["id"])
    assert client.group_delete_all()
    assert "active" == client.viber_sign_list()["0"]["extendStatus"]
