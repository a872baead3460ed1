"""Does an application notice each refusal? One message a refusal, by a trigger of the user's."""
