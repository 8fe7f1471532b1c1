"""Members were last active when, invitations, and what a person prefers."""

import accounts.models.invitations
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0070_key_limits_and_rotation'),
    ]

    operations = [
        migrations.AddField(
            model_name='membership',
            name='last_active_at',
            field=models.DateTimeField(blank=True, db_comment='to five minutes: the last page opened for it', null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='theme',
            field=models.CharField(blank=True, db_comment="light, dark; blank: the device's", max_length=5),
        ),
        migrations.AddField(
            model_name='user',
            name='time_zone',
            field=models.CharField(blank=True, db_comment="IANA name; blank: the organization's", max_length=64),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.CharField(default=accounts.models.invitations.new_invitation_id, max_length=24, primary_key=True, serialize=False)),
                ('email', models.EmailField(db_comment='lower case', max_length=254)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('billing', 'Billing'), ('developer', 'Developer'), ('viewer', 'Viewer')], max_length=10)),
                ('token_hash', models.BinaryField(db_comment="HMAC-SHA256 with the server's pepper", max_length=32, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('sent_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('invited_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='accounts.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('accepted_at', None), ('withdrawn_at', None)), fields=('organization', 'email'), name='invitation_pending_once')],
            },
        ),
    ]
