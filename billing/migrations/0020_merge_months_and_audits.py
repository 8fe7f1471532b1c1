"""Joins two lines of work that do not touch each other."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_ledger_kinds"), ("billing", "0010_audits_and_quarantine")]
    operations = []
