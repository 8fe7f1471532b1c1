"""Trial credit of a site, and who was given it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0081_announcements'),
        ('billing', '0030_organization_budgets'),
    ]

    operations = [
        migrations.AddField(
            model_name='siteterms',
            name='trial_credit_nanos',
            field=models.BigIntegerField(db_comment='given once to a new customer with a verified mail address', default=0),
        ),
        migrations.CreateModel(
            name='Trial',
            fields=[
                ('organization', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='trial', serialize=False, to='accounts.organization')),
                ('mailbox', models.CharField(db_comment="the address that counts as one person's", max_length=254)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.site')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('site', 'mailbox'), name='trial_once')],
            },
        ),
    ]
