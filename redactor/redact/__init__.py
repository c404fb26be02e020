"""TimeSpans -> redacted audio (:mod:`redactor.redact.audio`) and text (:mod:`redactor.redact.text`)."""
