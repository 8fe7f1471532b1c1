"""What checks of the books found, frozen organizations, and usage events set aside."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_organization_is_frozen'),
        ('billing', '0002_ledger_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('drift', 'Every minute'), ('full', 'Full audit')], max_length=5)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, db_comment='null: under way, or its worker died', null=True)),
                ('is_ok', models.BooleanField(db_comment='null as long as ended_at is', null=True)),
                ('findings', models.JSONField(db_comment='[{check, text, organization}]; cut after the first few', default=list)),
                ('differences', models.PositiveIntegerField(db_comment='all of them, shown or not', default=0)),
                ('transactions_to', models.BigIntegerField(db_comment='drift: ledger transactions up to this id need no second look', default=0)),
                ('swept_to', models.CharField(blank=True, db_comment='drift: the last organization whose gate was read', max_length=24)),
            ],
            options={
                'indexes': [models.Index(fields=['kind', '-started_at'], name='billing_aud_kind_012e56_idx')],
            },
        ),
        migrations.CreateModel(
            name='Freeze',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=500)),
                ('frozen_at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('lift_reason', models.CharField(blank=True, max_length=300)),
                ('lifted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='freezes', to='accounts.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at__isnull', True)), fields=('organization',), name='freeze_open_once')],
            },
        ),
        migrations.CreateModel(
            name='QuarantinedEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream_id', models.CharField(max_length=40)),
                ('request_id', models.CharField(max_length=200)),
                ('organization_id', models.CharField(max_length=200)),
                ('key_id', models.CharField(max_length=200)),
                ('debited_nanos', models.BigIntegerField()),
                ('written_off_nanos', models.BigIntegerField()),
                ('state', models.CharField(max_length=10)),
                ('ending', models.CharField(max_length=40)),
                ('event', models.BinaryField()),
                ('reason', models.CharField(max_length=300)),
                ('set_aside_at', models.DateTimeField(auto_now_add=True)),
                ('outcome', models.CharField(blank=True, choices=[('retried', 'Retried'), ('discarded', 'Discarded')], max_length=9)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decision_reason', models.CharField(blank=True, max_length=300)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['site', '-set_aside_at'], name='quarantined_event_waiting')],
                'constraints': [models.UniqueConstraint(fields=('site', 'stream_id'), name='quarantined_event_once')],
            },
        ),
    ]
