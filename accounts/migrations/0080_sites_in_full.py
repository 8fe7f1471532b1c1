"""Brand, languages, sign-up, mail sender and legal texts of sites."""

import accounts.models.sites
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0060_people'),
    ]

    operations = [
        migrations.AddField(
            model_name='site',
            name='accent',
            field=models.CharField(blank=True, db_comment='#rrggbb; blank: ours', max_length=7),
        ),
        migrations.AddField(
            model_name='site',
            name='accent_dark',
            field=models.CharField(blank=True, db_comment='the same in the dark theme; blank with `accent`', max_length=7),
        ),
        migrations.AddField(
            model_name='site',
            name='footer',
            field=models.JSONField(blank=True, db_comment='a line by language', default=dict),
        ),
        migrations.AddField(
            model_name='site',
            name='icon_hash',
            field=models.CharField(blank=True, db_comment='made from the logo', max_length=32),
        ),
        migrations.AddField(
            model_name='site',
            name='languages',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文'), ('zh-hant', '繁體中文')], max_length=10), db_comment='that readers may choose from; `language` is one of them', default=accounts.models.sites.all_languages, size=None),
        ),
        migrations.AddField(
            model_name='site',
            name='logo_hash',
            field=models.CharField(blank=True, db_comment='of a SiteImage', max_length=32),
        ),
        migrations.AddField(
            model_name='site',
            name='sender_address',
            field=models.EmailField(blank=True, db_comment="of mails; blank: the deployment's", max_length=254),
        ),
        migrations.AddField(
            model_name='site',
            name='sender_name',
            field=models.CharField(blank=True, db_comment='of mails; blank: name', max_length=100),
        ),
        migrations.AddField(
            model_name='site',
            name='sign_up',
            field=models.CharField(choices=[('open', 'Anyone'), ('invite', 'Whoever a customer invites'), ('closed', 'Nobody')], default='open', max_length=6),
        ),
        migrations.AlterField(
            model_name='site',
            name='is_active',
            field=models.BooleanField(db_comment='false: suspended; pages say so, calls get 403', default=True),
        ),
        migrations.CreateModel(
            name='SiteImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.CharField(max_length=32)),
                ('content', models.BinaryField(db_comment='PNG, encoded by accounts.images')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='images', to='accounts.site')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('site', 'hash'), name='site_image_once')],
            },
        ),
        migrations.CreateModel(
            name='SiteText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('terms', 'Terms of service'), ('privacy', 'Privacy policy')], max_length=7)),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文'), ('zh-hant', '繁體中文')], max_length=10)),
                ('body', models.TextField()),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='texts', to='accounts.site')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('site', 'kind', 'language'), name='site_text_once')],
            },
        ),
    ]
