"""`sms-simulators drift`: asks a vendor and its simulator the same, and says where they differ."""
