"""A person sends themself a code through the HTTP SMS webhook, reads it and believes it."""

from locust import HttpUser, constant, events, task

from simulators.load.run import attach

run = attach(needs="sim")


@events.init_command_line_parser.add_listener
def _options(parser):
    parser.add_argument("--wrong", default="", help="What goes wrong on purpose")


class Person(HttpUser):
    """Numbers from 1415 200 0000 on, every `workers`-th."""

    wait_time = constant(0.05)
    people = 0

    def on_start(self):
        self.chance = run.chance("codes")
        rows = run.inbox.call("GET", "/_sim/providers")["providers"]
        known = next(row["credentials"] for row in rows if row["name"] == "http_sms")
        self.bearer = {"Authorization": known["authorization"]}

    @task
    def code(self):
        """Asks, reads, verifies."""
        Person.people += 1
        number = f"1415{2_000_000 + run.worker + Person.people * run.workers}"
        code = f"{self.chance.randrange(1_000_000):06d}"
        run.ledger.asked(number, usage="SignIn")
        body = {"to": number, "type": "SignIn", "payload": {"code": code}}
        with self.client.post(
            "/http_sms/sms", json=body, headers=self.bearer, name="send", catch_response=True
        ) as answer:
            if not answer.ok:
                run.ledger.refused(number, str(answer.status_code), usage="SignIn")
                return
        if run.environment.parsed_options.wrong == "twice":
            self.client.post("/http_sms/sms", json=body, headers=self.bearer, name="send")
        run.ledger.sent(number, usage="SignIn")
        sms = run.read_sms(number, usage="SignIn")
        if sms is not None:
            run.ledger.verified(number, sms.code, usage="SignIn")
