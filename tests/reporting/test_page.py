from pipeline.reporting import page

TEMPLATE = """{% extends "base" %}{% block style %}img { height: {{ height }}px }{% endblock %}
{% block body %}<p>{{ text }}</p>{{ figure | safe }}{% endblock %}"""


def test_a_page_has_its_title_twice_and_its_values_escaped():
    html = page.render(TEMPLATE, title="a </title> b", text="<script>", figure="<svg></svg>", height=3)
    assert html.count("a &lt;/title&gt; b") == 2 and "<p>&lt;script&gt;</p><svg></svg>" in html
    assert html.index("img { height: 3px }") < html.index("</style>")
    assert html.startswith("<!doctype html>") and html.endswith("</html>")


def test_a_page_follows_the_scheme_of_the_system_and_the_width_of_the_screen():
    html = page.render(TEMPLATE, title="")
    assert "prefers-color-scheme: dark" in html and "color-scheme: light dark" in html
    assert 'name="viewport" content="width=device-width' in html
