"""`sms-simulators conformance`: has an application send a message for each way in which a provider
refuses one, and says whether it noticed."""
