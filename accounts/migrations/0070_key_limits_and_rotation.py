"""What else a key may be limited to, its retired secrets, and where it is used from."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0042_audit_and_site_staff'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='allowed_endpoints',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('chat', 'Text and conversations'), ('embeddings', 'Embeddings'), ('moderations', 'Moderations'), ('rerank', 'Rerank'), ('images', 'Images'), ('audio', 'Audio'), ('videos', 'Videos'), ('realtime', 'Realtime')], max_length=20), blank=True, db_comment='families of endpoints; null: all', null=True, size=None),
        ),
        migrations.AddField(
            model_name='apikey',
            name='allowed_networks',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), blank=True, db_comment='CIDR; null: anywhere', null=True, size=None),
        ),
        migrations.AddField(
            model_name='apikey',
            name='last_used_ip',
            field=models.GenericIPAddressField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='last_used_model',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.CreateModel(
            name='RetiredSecret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('secret_hash', models.BinaryField(db_comment='as of the key itself', max_length=32, unique=True)),
                ('last_four', models.CharField(max_length=4)),
                ('retired_at', models.DateTimeField()),
                ('retired_by', models.CharField(db_comment='who rotated, as it was called', max_length=254)),
                ('expires_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(blank=True, db_comment='since it was retired', null=True)),
                ('api_key', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='retired_secrets', to='accounts.apikey')),
            ],
            options={
                'ordering': ['-retired_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='KeyAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ip', models.GenericIPAddressField()),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('api_key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='accounts.apikey')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('api_key', 'ip'), name='key_address_once')],
            },
        ),
    ]
