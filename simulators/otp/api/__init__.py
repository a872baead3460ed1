"""The routes of the service, a module for each part of Logto's APIs."""
