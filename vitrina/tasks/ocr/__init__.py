"""Text recognition (OCR) by CTC, trained together with a task."""
