"""Tokens of the management API, and the answers kept under an idempotency key."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0081_announcements'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeptAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('caller', models.CharField(db_comment='token or user', max_length=40)),
                ('key', models.CharField(max_length=255)),
                ('digest', models.BinaryField(db_comment='of method, address and body', max_length=32)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('body', models.JSONField(db_comment='without what is shown only once', null=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='kept_answer_age')],
                'constraints': [models.UniqueConstraint(fields=('caller', 'key'), name='kept_answer_once')],
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.CharField(db_comment='public: stands in the token', max_length=12, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('personal', 'Personal'), ('organization', 'Organization'), ('site', 'Site'), ('operator', 'Operator')], max_length=12)),
                ('name', models.CharField(max_length=100)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), size=None)),
                ('secret_hash', models.BinaryField(db_comment="HMAC-SHA256 with the server's pepper", max_length=32, unique=True)),
                ('last_four', models.CharField(max_length=4)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(db_comment='to the minute', null=True)),
                ('last_used_ip', models.GenericIPAddressField(null=True)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to='accounts.organization')),
                ('site', models.ForeignKey(db_comment="where it is taken; null: an operator's, on every site", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.site')),
            ],
            options={
                'indexes': [models.Index(fields=['made_by', '-created_at'], name='api_token_by_maker')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'organization'), ('organization__isnull', False)), models.Q(models.Q(('kind', 'organization'), _negated=True), ('organization__isnull', True)), _connector='OR'), name='api_token_of_organization'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'operator'), ('site__isnull', True)), models.Q(models.Q(('kind', 'operator'), _negated=True), ('site__isnull', False)), _connector='OR'), name='api_token_of_site')],
            },
        ),
    ]
