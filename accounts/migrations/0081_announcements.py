"""News, maintenance and incidents."""

import accounts.models.announcements
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0080_sites_in_full'),
    ]

    operations = [
        migrations.CreateModel(
            name='Announcement',
            fields=[
                ('id', models.CharField(default=accounts.models.announcements.new_announcement_id, max_length=40, primary_key=True, serialize=False)),
                ('model_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, db_comment='ids that it is about; empty: the whole site', default=list, size=None)),
                ('kind', models.CharField(choices=[('news', 'News'), ('maintenance', 'Maintenance'), ('incident', 'Incident')], max_length=11)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('resolved', 'Resolved')], default='draft', max_length=9)),
                ('title', models.JSONField(db_comment='by language')),
                ('body', models.JSONField(blank=True, db_comment='by language', default=dict)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, db_comment='null: until it is resolved', null=True)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('site', models.ForeignKey(blank=True, db_comment='null: every site', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='announcements', to='accounts.site')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'published')), fields=['site', 'starts_at'], name='announcement_shown')],
            },
        ),
    ]
