"""The inbox: the page at `/` of the simulators' own hosts, the first thing a person opens.

Read `entrance.py` for who is let in and what `/` answers, `pages.py` for what each view shows,
`acts.py` for what a form does. What is shown comes from `kernel/views.py`, what is done goes
through `kernel/operations.py`, as by the control API. `static/inbox.js` follows the events and
fetches the page anew: the server alone makes HTML, so that the page can be read without it.
"""
