"""Connectors and their factories: one is alive at a time; a wrong one changes nothing."""

import pytest

from simulators.otp.connector import Incoming

CONFIG = {"endpoint": "http://sms.example/send"}
PHONE = "15005550009"


def create(otp, **document):
    return otp.post("/api/connectors", {"connectorId": "first-sms", "config": CONFIG} | document)


def test_factories_are_listed_and_found(otp):
    """Each by the id of its connectors."""
    listed = otp.get("/api/connector-factories").json
    one = otp.get("/api/connector-factories/first-sms").json
    missing = otp.get("/api/connector-factories/none")

    assert ["first-sms", "second-sms"] == [factory["id"] for factory in listed]
    assert listed[0] == one
    assert set(one) >= {"type", "isDemo", "target", "name", "logo", "readme", "formItems"}
    assert ("Sms", "First-Sms") == (one["type"], one["name"]["en"])
    assert (404, "entity.not_found") == (missing.status, missing.code)
    assert "The resource does not exist." == missing.json["message"]


def test_a_connector_is_shown_with_its_secrets(make):
    """Created, listed, by target, fetched: the same document, its configuration in clear."""
    otp = make()
    made = create(otp).json

    assert ("first-sms", CONFIG, "Sms") == (made["connectorId"], made["config"], made["type"])
    assert 12 == len(made["id"])
    assert [made] == otp.get("/api/connectors").json
    assert [made] == otp.get("/api/connectors?target=first-sms").json
    assert [] == otp.get("/api/connectors?target=other").json
    assert made == otp.get(f"/api/connectors/{made['id']}").json


def test_creating_another_replaces_the_one_there_was(otp):
    """Without a word; the first one's id is gone."""
    first = otp.get("/api/connectors").json[0]
    second = create(otp, connectorId="second-sms").json

    assert [second["id"]] == [one["id"] for one in otp.get("/api/connectors").json]
    assert (404, "entity.not_found") == (
        (gone := otp.get(f"/api/connectors/{first['id']}")).status,
        gone.code,
    )
    assert first["id"] != create(otp).json["id"]


def test_a_second_connector_of_the_same_factory_replaces_the_first(otp):
    """With a new id, so that a script may be run twice; one instance is a rule of social ones."""
    first, second = create(otp), create(otp, config={"endpoint": "http://other.example/"})

    assert [200, 200] == [first.status, second.status]
    assert first.json["id"] != second.json["id"]
    assert [second.json] == otp.get("/api/connectors").json


def test_what_only_social_connectors_have_is_not_asked_for_when_one_is_created(make):
    """Logto keeps it; changed, it is refused. Tokens are stored nowhere."""
    otp = make()
    made = create(otp, metadata={"target": "x"}, syncProfile=True).json
    path = f"/api/connectors/{made['id']}"
    refused = [
        otp.patch(path, {"metadata": {"target": "y"}}),
        otp.patch(path, {"syncProfile": True}),
        otp.patch(path, {"enableTokenStorage": True}),
    ]
    changed = otp.patch(path, {"syncProfile": False, "metadata": {}}).json

    assert ({"target": "x"}, True) == (made["metadata"], made["syncProfile"])
    assert [
        (400, "connector.cannot_overwrite_metadata_for_non_standard_connector"),
        (422, "connector.invalid_type_for_syncing_profile"),
        (422, "request.feature_not_supported"),
    ] == [(one.status, one.code) for one in refused]
    assert ({"target": "x"}, False) == (changed["metadata"], changed["syncProfile"])


def test_an_invalid_configuration_changes_nothing(otp):
    """Neither a new connector's nor a changed one's."""
    before = otp.get("/api/connectors").json
    created = create(otp, connectorId="second-sms", config={})
    changed = otp.patch(f"/api/connectors/{before[0]['id']}", {"config": {"endpoint": 1}})

    for refused in (created, changed):
        assert (400, "connector.invalid_config") == (refused.status, refused.code)
        assert "The connector's config is invalid." == refused.json["message"]
        assert "ZodError" == refused.json["data"]["name"]
        assert (
            'Error in key path "endpoint": (invalid_type) Expected string but received undefined.'
            == refused.json["details"]
        )
    assert before == otp.get("/api/connectors").json


def test_without_a_configuration_there_is_a_connector_that_cannot_send(make):
    """The guard is skipped when it is created, and speaks when it is used."""
    otp = make()
    made = otp.post("/api/connectors", {"connectorId": "first-sms"})
    refused = otp.request()

    assert (200, {}) == (made.status, made.json["config"])
    assert (400, "connector.invalid_config") == (refused.status, refused.code)


def test_a_configuration_is_replaced_whole(otp):
    """What the new one does not name is gone."""
    alive = otp.get("/api/connectors").json[0]
    path = f"/api/connectors/{alive['id']}"
    otp.patch(path, {"config": {"endpoint": "http://a.example/", "extra": 1}})
    changed = otp.patch(path, {"config": CONFIG}).json

    assert CONFIG == changed["config"]
    assert changed == otp.patch(path, {}).json


def test_a_connector_is_deleted_once(otp):
    """Then it is not there."""
    path = f"/api/connectors/{otp.get('/api/connectors').json[0]['id']}"

    assert (204, b"") == ((gone := otp.delete(path)).status, gone.body)
    assert (404, "entity.not_found") == ((again := otp.delete(path)).status, again.code)
    assert 404 == otp.patch(path, {}).status
    assert [] == otp.get("/api/connectors").json


def test_an_id_may_be_proposed_and_used_again_once_it_is_free(otp):
    """While it is in use, it is a clash in Logto's database: an internal error, and no change."""
    otp.delete(f"/api/connectors/{otp.get('/api/connectors').json[0]['id']}")
    made = create(otp, id="mine").json
    clash = create(otp, connectorId="second-sms", id="mine")
    kept = otp.get("/api/connectors").json
    otp.delete("/api/connectors/mine")

    assert "mine" == made["id"]
    assert (500, {"message": "Internal server error."}) == (clash.status, clash.json)
    assert [made] == kept
    assert 200 == create(otp, id="mine").status


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ({"connectorId": "none"}, 422, "connector.not_found_with_connector_id"),
        ({"enableTokenStorage": True}, 422, "request.feature_not_supported"),
        ({"config": "text"}, 400, "guard.invalid_input"),
        ({"connectorId": None}, 400, "guard.invalid_input"),
    ],
)
def test_what_no_sms_connector_can_be_is_refused(make, document, status, code):
    """With Logto's codes."""
    refused = create(make(), **document)

    assert (status, code) == (refused.status, refused.code)


def test_a_test_sends_a_generic_message_with_zeros(make):
    """No connector need be alive; nothing is stored."""
    otp = make()
    document = {"phone": PHONE, "config": CONFIG}
    done = otp.post("/api/connectors/first-sms/test", document)
    otp.post("/api/connectors/first-sms/test", document | {"locale": "fr"})

    assert (204, b"") == (done.status, done.body)
    assert ("Generic", {"code": "000000"}) == (
        otp.carrier.sent[0].usage,
        otp.carrier.sent[0].payload,
    )
    assert {"code": "000000", "locale": "fr"} == otp.carrier.sent[1].payload
    assert "192.0.2.7" == otp.carrier.sent[0].ip
    assert "verification_code.not_found" == otp.verify("000000").code


def test_tests_are_not_counted(otp):
    """Eleven in a row go out, and codes after them."""
    document = {"phone": PHONE, "config": CONFIG}
    tested = [otp.post("/api/connectors/first-sms/test", document).status for _ in range(11)]

    assert [204] * 11 == tested
    assert 204 == otp.request().status


@pytest.mark.parametrize(
    ("path", "document", "status", "code", "message"),
    [
        (
            "none",
            {"phone": PHONE},
            400,
            "connector.not_found",
            "Cannot find any available connector for type: Sms.",
        ),
        ("first-sms", {}, 400, "guard.invalid_input", "The request {{type}} is invalid."),
        (
            "first-sms",
            {"email": "a@example.com"},
            400,
            "connector.unexpected_type",
            "The connector's type is unexpected.",
        ),
        (
            "first-sms",
            {"phone": "+15005550009"},
            400,
            "guard.invalid_input",
            "The request body is invalid.",
        ),
        (
            "first-sms",
            {"phone": PHONE, "config": {}},
            400,
            "connector.invalid_config",
            "The connector's config is invalid.",
        ),
    ],
)
def test_a_test_is_refused(make, path, document, status, code, message):
    """In Logto's words."""
    refused = make().post(f"/api/connectors/{path}/test", {"config": CONFIG} | document)

    assert (status, code, message) == (refused.status, refused.code, refused.json["message"])


def test_a_test_tells_what_the_provider_said(make):
    """As a send does."""
    otp = make()
    otp.carrier.answer = Incoming(401, b"no such key")
    refused = otp.post("/api/connectors/first-sms/test", {"phone": PHONE, "config": CONFIG})

    assert (400, "connector.general") == (refused.status, refused.code)
    assert {"message": "no such key"} == refused.json["data"]


def test_with_a_token_the_management_api_wants_it(make):
    """Where none was set, anybody may come in."""
    otp = make(token="s3cret")
    path = "/api/connectors"
    answers = [
        otp.get(path),
        otp.get(path, headers={"authorization": "Basic s3cret"}),
        otp.get(path, headers={"authorization": "Bearer wrong"}),
        otp.get(path, headers={"authorization": "Bearer s3cret"}),
    ]

    assert [401, 401, 401, 200] == [answer.status for answer in answers]
    assert [
        "auth.authorization_header_missing",
        "auth.authorization_token_type_not_supported",
        "auth.unauthorized",
    ] == [answer.code for answer in answers[:3]]
