"""What Calls left behind, by owner, and the Calls that are paid when it is ready."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0041_no_credit_as_preset'),
        ('relay', '0030_budget_notices'),
    ]

    operations = [
        migrations.CreateModel(
            name='UpstreamObject',
            fields=[
                ('id', models.CharField(db_comment='public', max_length=64, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('video', 'Video'), ('response', 'Response')], max_length=8)),
                ('state', models.CharField(choices=[('pending', 'In the making'), ('completed', 'Completed'), ('failed', 'Failed'), ('expired', 'Expired')], max_length=9)),
                ('key_id', models.CharField(db_comment='the ApiKey that made it; may be gone', max_length=12)),
                ('model', models.CharField(db_comment='the public id that was asked for', max_length=200)),
                ('upstream_id', models.CharField(blank=True, db_comment='empty: kept by us alone', max_length=40)),
                ('credential_id', models.CharField(blank=True, db_comment='which of its credentials made it, where known', max_length=40)),
                ('upstream_model', models.CharField(blank=True, max_length=200)),
                ('upstream_object', models.CharField(blank=True, db_comment="the upstream's own id: never shown", max_length=200)),
                ('operation', models.CharField(db_comment='the path it was made under', max_length=40)),
                ('document', models.BinaryField(db_comment='as the customer saw it last, JSON', default=b'')),
                ('items', models.BinaryField(db_comment='what it was asked with, a JSON array', default=b'')),
                ('created_at', models.DateTimeField()),
                ('looked_at', models.DateTimeField(db_comment='when its upstream was last asked', null=True)),
                ('expires_at', models.DateTimeField(db_comment='forgotten after it')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                ('site', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.site')),
            ],
        ),
        migrations.CreateModel(
            name='DeferredCall',
            fields=[
                ('object', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='call', serialize=False, to='relay.upstreamobject')),
                ('request_id', models.CharField(max_length=40, unique=True)),
                ('budgets', models.JSONField(db_comment='[[scope, period, limit nanos, resets at ms]] that it counts against', default=list)),
                ('hold_nanos', models.BigIntegerField()),
                ('charge_nanos', models.BigIntegerField(db_comment='should it be completed')),
                ('event', models.BinaryField(db_comment='the usage event should it be completed, JSON')),
                ('outcome', models.CharField(blank=True, choices=[('', 'Open'), ('charged', 'Charged'), ('released', 'Released')], default='', max_length=8)),
                ('decided_at', models.DateTimeField(null=True)),
                ('looks', models.PositiveIntegerField(default=0)),
                ('next_look_at', models.DateTimeField(db_index=True)),
                ('gives_up_at', models.DateTimeField(db_comment='released then, whatever the upstream does')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
            ],
        ),
        migrations.AddIndex(
            model_name='upstreamobject',
            index=models.Index(fields=['organization', 'kind', '-created_at', '-id'], name='relay_upstr_organiz_696dfa_idx'),
        ),
        migrations.AddIndex(
            model_name='upstreamobject',
            index=models.Index(fields=['expires_at'], name='relay_upstr_expires_61a495_idx'),
        ),
    ]
