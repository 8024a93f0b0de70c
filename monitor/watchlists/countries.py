"""Countries and unions under their English, French and Vietnamese names, with demonyms and capitals: who the parties of a subject are."""

from __future__ import annotations

from functools import cache

from monitor.model import Entity

# id | names (a trailing * allows endings) | exact names | capital and seat of government
_TABLE = """
vietnam|Vietnam;Viet Nam;Việt Nam;Viêt Nam;Vietnamese;vietnamien*||Hanoi;Hà Nội;Hanoï
us|United States;American;Americans;États-Unis;américain*;Hoa Kỳ|US;U.S.;USA;U.S.A.;Mỹ|Washington
china|China;Chinese;Chine;chinois*;Trung Quốc|PRC|Beijing;Pékin;Bắc Kinh
japan|Japan;Japanese;Japon;japonais*;Nhật Bản||Tokyo
south-korea|South Korea;South Korean;Corée du Sud;sud-coréen*;Hàn Quốc||Seoul;Séoul
north-korea|North Korea;North Korean;Corée du Nord;nord-coréen*;Triều Tiên||Pyongyang
taiwan|Taiwan;Taiwanese;Taïwan;taïwanais*;Đài Loan||Taipei
india|India;Indian;Inde;Ấn Độ||New Delhi
pakistan|Pakistan;Pakistani||Islamabad
bangladesh|Bangladesh;Bangladeshi||Dhaka
indonesia|Indonesia;Indonesian;Indonésie;indonésien*||Jakarta
malaysia|Malaysia;Malaysian;Malaisie;malaisien*||Kuala Lumpur
singapore|Singapore;Singaporean;Singapour;singapourien*||
thailand|Thailand;Thai;Thaïlande;thaïlandais*;Thái Lan||Bangkok
philippines|Philippines;Philippine;Filipino;philippin*||Manila
cambodia|Cambodia;Cambodian;Cambodge;cambodgien*;Campuchia||Phnom Penh
laos|Laos;Lao;Laotian;laotien*;Lào||Vientiane
myanmar|Myanmar;Burma;Burmese;Birmanie||Naypyidaw
australia|Australia;Australian;Australie;australien*;Úc||Canberra
new-zealand|New Zealand;Nouvelle-Zélande||Wellington
russia|Russia;Russian;Russie;russe*;Liên bang Nga||Moscow;Moscou;Kremlin
ukraine|Ukraine;Ukrainian;ukrainien*||Kyiv;Kiev
kazakhstan|Kazakhstan;Kazakh||Astana
turkey|Turkey;Türkiye;Turkish;Turquie;turc*||Ankara
israel|Israel;Israeli;Israël;israélien*||Jerusalem
iran|Iran;Iranian;iranien*||Tehran;Téhéran
saudi-arabia|Saudi Arabia;Saudi;Arabie saoudite;saoudien*||Riyadh;Riyad
uae|United Arab Emirates;Emirati;Émirats arabes unis|UAE|Abu Dhabi
qatar|Qatar;Qatari||Doha
egypt|Egypt;Egyptian;Égypte;égyptien*||Cairo
morocco|Morocco;Moroccan;Maroc;marocain*||Rabat
algeria|Algeria;Algerian;Algérie;algérien*||
tunisia|Tunisia;Tunisian;Tunisie;tunisien*||
south-africa|South Africa;South African;Afrique du Sud;sud-africain*||Pretoria
nigeria|Nigeria;Nigerian;Nigéria||Abuja
kenya|Kenya;Kenyan||Nairobi
ethiopia|Ethiopia;Ethiopian;Éthiopie||Addis Ababa
congo|Democratic Republic of Congo;Congolese;Congo;congolais*|DRC;RDC|Kinshasa
rwanda|Rwanda;Rwandan;rwandais*||Kigali
zambia|Zambia;Zambian||Lusaka
european-union|European Union;European Commission;Union européenne;Commission européenne;Liên minh châu Âu;European;Europe;européen*|EU;UE|Brussels;Bruxelles
united-kingdom|United Kingdom;Britain;Great Britain;British;Royaume-Uni;britannique*;Vương quốc Anh|UK;U.K.|London;Londres
france|France;French;français*;Pháp||Paris
germany|Germany;German;Germans;Allemagne;allemand*;Đức||Berlin
italy|Italy;Italian;Italie;italien*||Rome
spain|Spain;Spanish;Espagne;espagnol*||Madrid
portugal|Portugal;Portuguese;portugais*||Lisbon;Lisbonne
netherlands|Netherlands;Dutch;Pays-Bas;néerlandais*||The Hague;La Haye
belgium|Belgium;Belgian;Belgique;belge*||
switzerland|Switzerland;Swiss;Suisse;suisse*||Bern
austria|Austria;Austrian;Autriche;autrichien*||Vienna
poland|Poland;Polish;Pologne;polonais*||Warsaw;Varsovie
czechia|Czech Republic;Czechia;Czech;tchèque*||Prague
hungary|Hungary;Hungarian;Hongrie;hongrois*||Budapest
romania|Romania;Romanian;Roumanie;roumain*||Bucharest
bulgaria|Bulgaria;Bulgarian;Bulgarie||Sofia
greece|Greece;Greek;Grèce||Athens
serbia|Serbia;Serbian;Serbie;serbe*||Belgrade
sweden|Sweden;Swedish;Suède;suédois*||Stockholm
norway|Norway;Norwegian;Norvège;norvégien*||Oslo
denmark|Denmark;Danish;Danemark;danois*||Copenhagen
finland|Finland;Finnish;Finlande;finlandais*||Helsinki
ireland|Ireland;Irish;Irlande;irlandais*||Dublin
canada|Canada;Canadian;canadien*||Ottawa
mexico|Mexico;Mexican;Mexique;mexicain*||Mexico City
brazil|Brazil;Brazilian;Brésil;brésilien*||Brasilia
argentina|Argentina;Argentine;Argentinian;Argentine;argentin*||Buenos Aires
chile|Chile;Chilean;Chili;chilien*;Chi-lê||Santiago
bolivia|Bolivia;Bolivian;Bolivie;bolivien*||La Paz
peru|Peru;Peruvian;Pérou;péruvien*||Lima
colombia|Colombia;Colombian;Colombie;colombien*||Bogota
venezuela|Venezuela;Venezuelan;vénézuélien*||Caracas
ecuador|Ecuador;Ecuadorian;Équateur||Quito
uruguay|Uruguay;Uruguayan||Montevideo
paraguay|Paraguay;Paraguayan||
panama|Panama;Panamanian||
cuba|Cuba;Cuban;cubain*||Havana
united-nations|United Nations;Nations Unies;Liên Hợp Quốc|UN;U.N.;ONU|
asean|Association of Southeast Asian Nations|ASEAN|
greenland|Greenland;Greenlandic;Groenland||Nuuk
"""
_UNIONS = {"united-nations", "asean"}
"""Bodies of many states: named in seeds, never a party."""


@cache
def countries() -> tuple[Entity, ...]:
    """One entity per country or union, its side being its id."""
    found: list[Entity] = []
    for line in _TABLE.strip().splitlines():
        name, names, exact, capital = line.split("|")
        known = names.split(";")
        found.append(
            Entity(
                id=name,
                title=known[0],
                type="body" if name in _UNIONS else "place",
                names=tuple(dict.fromkeys((*known, *filter(None, capital.split(";"))))),
                exact_names=tuple(filter(None, exact.split(";"))),
                hub=True,
            )
        )
    return tuple(found)
